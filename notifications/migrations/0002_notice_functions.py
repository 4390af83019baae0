"""The gate's functions for notices, the walls of their tables, and what makes them due."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
        ("discharge", "0002_referral_functions"),
        ("audit", "0017_referrals_and_notices"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0001_notices.sql").read_text(encoding="utf-8")),
    ]
