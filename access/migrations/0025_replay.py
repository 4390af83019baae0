"""Openings keep the facts that they stood on."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0024_traces"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0016_replay.sql").read_text(encoding="utf-8")),
    ]
