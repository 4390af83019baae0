"""That an organisation was handed its slice of the audit is an event."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0024_came_from")]

    operations = [
        migrations.RunSQL((SQL / "0005_slices.sql").read_text(encoding="utf-8")),
    ]
