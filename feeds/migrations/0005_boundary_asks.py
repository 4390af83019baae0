"""The end of an objection asks the source for what was stopped."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0013_choices"),
        ("consent", "0005_possible_histories"),
        ("feeds", "0004_boundary"),
        ("identity", "0004_merge_functions"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0002_boundary.sql").read_text(encoding="utf-8")),
    ]
