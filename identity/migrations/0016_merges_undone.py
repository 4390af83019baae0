"""Deaths that go back with a merge, and doubts that outlive one."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0015_given_in"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0006_merges_undone.sql").read_text(encoding="utf-8")),
    ]
