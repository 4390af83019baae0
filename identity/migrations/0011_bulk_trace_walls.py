"""Who may reach what staff asked to be traced."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0010_bulk_traces"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0004_bulk_traces.sql").read_text(encoding="utf-8")),
    ]
