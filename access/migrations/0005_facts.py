"""The facts, read set by set."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0004_glass_gate"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0005_facts.sql").read_text(encoding="utf-8")),
    ]
