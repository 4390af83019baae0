"""The gate's functions of proofs that failed."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0061_failed_proofs"),
    ]

    operations = [migrations.RunSQL((SQL / "0058_failed_proofs.sql").read_text(encoding="utf-8"))]
