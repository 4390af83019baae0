"""A feed brings answers about its own council alone."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0009_feed_recorder"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0011_feed_recorder.sql").read_text(encoding="utf-8")),
    ]
