"""Each resident's epoch."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0001_initial"),
        ("organisations", "0002_epoch"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0001_epoch.sql").read_text(encoding="utf-8")),
    ]
