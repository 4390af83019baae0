"""Who may write, see and answer a report of a wrong entry."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0008_reports"),
        ("access", "0038_my_residents"),
        ("audit", "0018_record_pages"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0004_reports.sql").read_text(encoding="utf-8")),
    ]
