"""What the web's login may do with deliveries."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("feeds", "0001_initial"),
        ("records", "0002_entry"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0001_grants.sql").read_text(encoding="utf-8")),
    ]
