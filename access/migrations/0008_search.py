"""The gate's functions of finding a resident."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0007_merging"),
        ("audit", "0005_searches"),
        ("identity", "0005_found_by_keys"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0006_search.sql").read_text(encoding="utf-8")),
    ]
