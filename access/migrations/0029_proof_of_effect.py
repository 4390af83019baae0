"""Incidents of the proof of effect, and who may know what was found."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0028_facts_of_many"),
        ("audit", "0014_proof_of_effect"),
        ("consent", "0008_proof_of_effect"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0028_proof.sql").read_text(encoding="utf-8")),
    ]
