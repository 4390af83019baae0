"""The gate's functions of lawful disclosures, and what ends after a death."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0017_lawful_disclosure"),
        ("audit", "0010_disclosures"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0011_disclosure.sql").read_text(encoding="utf-8")),
    ]
