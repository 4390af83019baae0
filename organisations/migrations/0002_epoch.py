"""The rules' epoch."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0001_initial"),
        ("audit", "0002_events"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0001_epoch.sql").read_text(encoding="utf-8")),
    ]
