"""The gate's functions that give a source the verified NHS numbers of its own persons."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0019_quicker_facts"),
        ("audit", "0011_numbers_given"),
        ("consent", "0005_possible_histories"),
        ("identity", "0008_trace_walls"),
        ("organisations", "0008_activity_of_verified_numbers"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0013_verified_numbers.sql").read_text(encoding="utf-8")),
    ]
