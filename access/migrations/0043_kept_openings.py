"""Openings with what they kept, for what a drafted change would have changed."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0042_who_looked"),
        ("organisations", "0014_drafts"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0044_kept_openings.sql").read_text(encoding="utf-8")),
    ]
