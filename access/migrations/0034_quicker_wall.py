"""The questions of the wall in fewer steps."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0033_request_desk"),
        ("consent", "0015_refusals_asked_once"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0029_quicker_wall.sql").read_text(encoding="utf-8")),
    ]
