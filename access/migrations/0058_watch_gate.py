"""The gate's functions of the record under watch."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0057_watch"),
    ]

    operations = [migrations.RunSQL((SQL / "0056_watch.sql").read_text(encoding="utf-8"))]
