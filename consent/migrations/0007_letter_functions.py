"""A letter is owed with its choice, and one function says whether it may go by post."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0012_letters"),
        ("consent", "0006_letters"),
        ("identity", "0009_deceased_since"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0004_letters.sql").read_text(encoding="utf-8")),
    ]
