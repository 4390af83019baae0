"""What one staff member may do only so often is counted in rows of its own."""

from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0062_failed_proofs_gate"),
        ("identity", "0016_merges_undone"),
    ]

    operations = [
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("search", "A search for a resident"),
                            ("confirmation", "A wrong answer when asked once more who they are"),
                            ("identity", "Details of a caller that did not agree"),
                        ],
                        max_length=20,
                    ),
                ),
                ("staff_id", models.BigIntegerField()),
                ("resident_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "indexes": [
                    models.Index(fields=["staff_id", "kind", "at"], name="attempt_by_staff")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["search", "confirmation", "identity"])),
                        name="attempt_kind_is_known",
                    )
                ],
            },
        ),
        migrations.RunSQL((SQL / "0059_attempts.sql").read_text(encoding="utf-8")),
    ]
