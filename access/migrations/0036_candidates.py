"""Candidates for questions that a trace left open."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0035_identity_shown"),
        ("identity", "0014_deaths_and_partial_dates"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0032_candidates.sql").read_text(encoding="utf-8")),
    ]
