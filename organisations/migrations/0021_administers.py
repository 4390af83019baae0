"""Who administers an organisation has a role there that is in force."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0020_standing"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0011_administers.sql").read_text(encoding="utf-8")),
    ]
