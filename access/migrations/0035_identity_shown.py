"""What records officers are shown of births, deaths and joined records."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0034_quicker_wall"),
        ("identity", "0014_deaths_and_partial_dates"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0031_identity_shown.sql").read_text(encoding="utf-8")),
    ]
