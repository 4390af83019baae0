"""The records officers' work list, joining and taking apart, and numbers on a carer's word."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0020_verified_numbers"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0014_resolving.sql").read_text(encoding="utf-8")),
    ]
