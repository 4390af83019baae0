"""The facts of several residents in one statement."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0027_bulk_traces"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0017_facts_of_many.sql").read_text(encoding="utf-8")),
    ]
