"""Nobody who opted out is on a list of whom a team cares for."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0040_due_always"),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "0043_my_residents_who_opted_out.sql").read_text(encoding="utf-8")
        ),
    ]
