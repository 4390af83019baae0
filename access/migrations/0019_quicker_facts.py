"""The facts, read in less time."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0018_disclosure_gate"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0012_quicker_facts.sql").read_text(encoding="utf-8")),
    ]
