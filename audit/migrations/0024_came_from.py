"""An event says from where its request came."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("audit", "0023_subject_access")]

    operations = [
        migrations.RunSQL((SQL / "0004_came_from.sql").read_text(encoding="utf-8")),
    ]
