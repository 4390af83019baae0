"""Relationships are derived anew where a source person changes hands."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0008_search"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0007_moved.sql").read_text(encoding="utf-8")),
    ]
