"""Decisions hold for whom the officer compared, and for nobody's record besides."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0043_kept_openings"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0045_compared.sql").read_text(encoding="utf-8")),
    ]
