"""Whatever writes an event waits for the disk at its end."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0020_factor_changed"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0003_events_are_on_disk.sql").read_text(encoding="utf-8")),
    ]
