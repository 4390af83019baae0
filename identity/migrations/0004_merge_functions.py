"""Merge and un-merge, separated pairs, the merge map, and the history of numbers' statuses."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0003_merging"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0002_merging.sql").read_text(encoding="utf-8")),
    ]
