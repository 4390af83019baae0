"""What agreements show to named testers alone."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0051_registered"),
        ("organisations", "0018_trials"),
    ]

    operations = [migrations.RunSQL((SQL / "0051_trials.sql").read_text(encoding="utf-8"))]
