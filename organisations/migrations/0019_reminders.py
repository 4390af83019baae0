"""What administrators were reminded of."""

from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0018_trials"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reminder",
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
                            ("confirm-roles", "Roles to confirm"),
                            ("review-agreements", "Agreements to review"),
                        ],
                        max_length=20,
                    ),
                ),
                ("about", models.BigIntegerField()),
                ("day", models.DateField()),
                ("stage", models.SmallIntegerField()),
                (
                    "sent",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["confirm-roles", "review-agreements"])),
                        name="reminder_kind_is_known",
                    ),
                    models.UniqueConstraint(
                        fields=("kind", "about", "day", "stage"), name="reminder_once"
                    ),
                ],
            },
        ),
        migrations.RunSQL((SQL / "0009_reminders.sql").read_text(encoding="utf-8")),
    ]
