"""Reminders that were sent are in the registry's history."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0022_adjusting"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0013_reminders_in_history.sql").read_text(encoding="utf-8")),
    ]
