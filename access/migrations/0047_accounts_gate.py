"""The gate's functions of accounts of who looked, and of their questions."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0046_accounts_and_lines"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0047_accounts.sql").read_text(encoding="utf-8")),
    ]
