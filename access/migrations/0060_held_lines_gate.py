"""The gate's functions of lines that officers hold from a resident's account."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0059_held_lines"),
    ]

    operations = [migrations.RunSQL((SQL / "0057_held_lines.sql").read_text(encoding="utf-8"))]
