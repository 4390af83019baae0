"""The wall of the entry table, cheaper for each row."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0006_evidence"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0003_quicker_entry_policy.sql").read_text(encoding="utf-8")),
    ]
