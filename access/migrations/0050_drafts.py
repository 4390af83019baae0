"""A draft of a choice is shown to the membership that began it, and to no other."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0049_detecting_gate"),
        ("consent", "0004_history"),
    ]

    operations = [migrations.RunSQL((SQL / "0049_drafts.sql").read_text(encoding="utf-8"))]
