"""A choice is written by whom its glimpse was given to, and by nobody else."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0005_glimpse_says_whose"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0004_recorder.sql").read_text(encoding="utf-8")),
    ]
