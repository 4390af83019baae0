"""An opening in fewer steps."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0036_candidates"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0030_quicker_opening.sql").read_text(encoding="utf-8")),
    ]
