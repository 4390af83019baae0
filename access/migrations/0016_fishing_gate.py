"""The gate's functions of searching that is to be reviewed."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0015_fishing"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0010_fishing.sql").read_text(encoding="utf-8")),
    ]
