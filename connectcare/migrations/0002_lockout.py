"""Who may count failures to sign in."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("connectcare", "0001_logins"),
        ("axes", "0010_accessattemptexpiration"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0002_lockout.sql").read_text(encoding="utf-8")),
    ]
