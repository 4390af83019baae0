"""Who may write an event, and that nobody changes one."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
    ]

    # Its default privileges hold for tables made after it: for all of the house's.
    run_before = [("organisations", "0001_initial")]

    operations = [
        migrations.RunSQL((SQL / "0001_events.sql").read_text(encoding="utf-8")),
    ]
