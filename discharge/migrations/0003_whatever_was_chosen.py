"""No choice takes a referral from its sides (docs/adr/0028)."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("discharge", "0002_referral_functions"),
        ("access", "0040_due_always"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0002_whatever_was_chosen.sql").read_text(encoding="utf-8")),
    ]
