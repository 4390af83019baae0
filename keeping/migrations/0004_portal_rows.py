"""What the portal itself writes about residents goes by a rule of its own."""

from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("keeping", "0003_officers"),
        ("notifications", "0003_due_always"),
        ("subject_access", "0002_gate"),
    ]

    operations = [
        migrations.CreateModel(
            name="PortalRule",
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
                            ("subject-access", "Subject access requests that were answered"),
                            ("notices", "Notices to teams"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "months",
                    models.SmallIntegerField(help_text="From when it was over: answered, or told."),
                ),
                ("because", models.TextField()),
                (
                    "valid_from",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("valid_until", models.DateTimeField(null=True)),
                ("set_by", models.TextField(blank=True, db_default="")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["subject-access", "notices"])),
                        name="portal_rule_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("months__gte", 6), ("months__lte", 240)),
                        name="portal_rule_months_are_sane",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("because", ""), _negated=True),
                        name="portal_rule_says_why",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("valid_until", None)),
                        fields=("kind",),
                        name="portal_rule_once_in_force",
                    ),
                ],
            },
        ),
        migrations.RunSQL((SQL / "0004_portal_rows.sql").read_text(encoding="utf-8")),
    ]
