"""Where a record is that was joined with another one."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0022_sent_at_once"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0015_joined_records.sql").read_text(encoding="utf-8")),
    ]
