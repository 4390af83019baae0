"""Choices are only added; which refusals are in force."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0001_initial"),
        ("identity", "0002_epoch"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0001_refusals.sql").read_text(encoding="utf-8")),
    ]
