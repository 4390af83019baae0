"""Letters are opened by their ids."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0029_proof_of_effect"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0026_letters_by_id.sql").read_text(encoding="utf-8")),
    ]
