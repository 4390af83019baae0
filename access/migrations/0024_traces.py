"""The gate's function that shows an officer the history of traces."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0023_joined_records"),
        ("identity", "0008_trace_walls"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0019_traces.sql").read_text(encoding="utf-8")),
    ]
