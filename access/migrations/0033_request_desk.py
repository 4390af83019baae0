"""The gate's functions for the desk's queue of requests."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0032_requests"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0023_request_desk.sql").read_text(encoding="utf-8")),
    ]
