"""Glass that is broken, and involvement that is declared, twice at once."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0021_resolving"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0014_sent_at_once.sql").read_text(encoding="utf-8")),
    ]
