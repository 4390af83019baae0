"""The gate's functions of broken glass, declared relationships and alerts."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0003_glass"),
        ("audit", "0003_glass_and_alerts"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0003_glass.sql").read_text(encoding="utf-8")),
    ]
