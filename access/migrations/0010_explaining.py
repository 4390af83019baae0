"""The gate's function that says whose facts to ask the rule about."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0009_moved"),
        ("audit", "0006_access_explained"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0007_explaining.sql").read_text(encoding="utf-8")),
    ]
