"""The gate's functions that read who looked."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0041_my_residents_who_opted_out"),
        ("audit", "0019_who_looked"),
        ("identity", "0014_deaths_and_partial_dates"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0043_looked.sql").read_text(encoding="utf-8")),
    ]
