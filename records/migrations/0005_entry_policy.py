"""The wall of the entry table, asked once for a statement."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0004_retired"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0002_entry_policy.sql").read_text(encoding="utf-8")),
    ]
