"""The entry table's last touches, and its wall."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0001_initial"),
        ("access", "0002_gate"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0001_entry.sql").read_text(encoding="utf-8")),
    ]
