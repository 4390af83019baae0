"""The gate's functions for letters that confirm choices."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0025_replay"),
        ("consent", "0007_letter_functions"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0025_letters.sql").read_text(encoding="utf-8")),
    ]
