"""Who may reach traces, that a step is only added, and what a merge does with an address."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0009_traces"),
        ("identity", "0007_traces"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0003_traces.sql").read_text(encoding="utf-8")),
    ]
