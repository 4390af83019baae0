"""Looks may be drawn for review, and what an alert says of a protected resident is marked."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0011_samples"),
        ("audit", "0007_samples"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0008_samples.sql").read_text(encoding="utf-8")),
    ]
