"""What the pages about choices ask beyond a glimpse, and what an objection hides from a council."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0012_samples_gate"),
        ("audit", "0008_identity_checked"),
        ("consent", "0005_possible_histories"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0009_choices.sql").read_text(encoding="utf-8")),
    ]
