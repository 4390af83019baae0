"""Which refusals are in force where nobody said anything."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0015_refusals_asked_once"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0013_where_nobody_spoke.sql").read_text(encoding="utf-8")),
    ]
