"""A row for every change that makes relationships due, however many are there already."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0039_referrals_carry"),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "0042_due_always.sql").read_text(encoding="utf-8"),
            state_operations=[
                migrations.AlterField("relationshipdue", "resident_id", models.BigIntegerField()),
                migrations.AddField(
                    "relationshipdue",
                    "id",
                    models.BigAutoField(primary_key=True, serialize=False),
                    preserve_default=False,
                ),
            ],
        ),
    ]
