"""The gate's functions of subject access, and the walls of its tables."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("subject_access", "0001_initial"),
        ("access", "0060_held_lines_gate"),
        ("audit", "0023_subject_access"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0001_subject_access.sql").read_text(encoding="utf-8")),
    ]
