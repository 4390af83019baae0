"""The choices of residents who are one person count together."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0002_refusals"),
        ("identity", "0004_merge_functions"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0002_merged.sql").read_text(encoding="utf-8")),
    ]
