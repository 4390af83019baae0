"""The gate's functions by which staff have everybody of a source traced, and watch it."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0026_letters"),
        ("audit", "0013_bulk_traces"),
        ("identity", "0011_bulk_trace_walls"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0020_bulk_traces.sql").read_text(encoding="utf-8")),
    ]
