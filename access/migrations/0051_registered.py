"""A practice lists who is registered with it, by name."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0050_drafts"),
    ]

    operations = [migrations.RunSQL((SQL / "0050_registered.sql").read_text(encoding="utf-8"))]
