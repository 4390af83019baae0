"""The gate's functions, and the walls."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("consent", "0002_refusals"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0001_gate.sql").read_text(encoding="utf-8")),
        migrations.RunSQL((SQL / "0002_walls.sql").read_text(encoding="utf-8")),
    ]
