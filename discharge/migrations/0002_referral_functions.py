"""The gate's functions for referrals, and the walls of their tables."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("discharge", "0001_initial"),
        ("access", "0039_referrals_carry"),
        ("audit", "0017_referrals_and_notices"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0001_referrals.sql").read_text(encoding="utf-8")),
    ]
