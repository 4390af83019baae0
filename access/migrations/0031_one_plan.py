"""The facts are not planned anew at each call."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0030_letters_by_id"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0018_one_plan.sql").read_text(encoding="utf-8")),
    ]
