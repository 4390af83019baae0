"""Putting organisations right by what the national directory publishes."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0014_drafts"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0005_refresh.sql").read_text(encoding="utf-8")),
    ]
