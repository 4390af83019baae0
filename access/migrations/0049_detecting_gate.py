"""What the detectors ask of the audit."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0048_judged_spans"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0048_detecting.sql").read_text(encoding="utf-8")),
    ]
