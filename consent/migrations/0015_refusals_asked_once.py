"""Which refusals are in force, asked of what was said once."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0014_letters_not_printable"),
        ("identity", "0013_traced_for_letters"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0012_refusals_asked_once.sql").read_text(encoding="utf-8")),
    ]
