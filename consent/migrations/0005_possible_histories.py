"""A history that cannot have been is refused; which refusals are in force, with settings."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0004_history"),
        ("organisations", "0006_sharing_default"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0003_history.sql").read_text(encoding="utf-8")),
    ]
