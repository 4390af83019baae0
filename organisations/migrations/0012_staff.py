"""Joiners, movers and leavers, and what waits for a second person."""

from pathlib import Path

import audit.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0011_history"),
    ]

    operations = [
        migrations.AddField(
            model_name="staffmember",
            name="public_id",
            field=models.UUIDField(db_default=audit.fields.UuidV7(), editable=False, unique=True),
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(db_default=audit.fields.UuidV7(), editable=False, unique=True),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("membership", "A privileged role for somebody")], max_length=12
                    ),
                ),
                ("wanted", models.JSONField()),
                ("why", models.CharField(max_length=500)),
                ("proposed_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("applied_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("made", models.BigIntegerField(null=True)),
                (
                    "about",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals_about",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmed",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="organisations.organisation",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposed",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrew",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["membership"])),
                        name="proposal_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_by__isnull", True),
                            models.Q(("confirmed_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="proposal_takes_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("about__isnull", True),
                            models.Q(
                                models.Q(("proposed_by", models.F("about")), _negated=True),
                                models.Q(
                                    ("confirmed_by__isnull", True),
                                    models.Q(("confirmed_by", models.F("about")), _negated=True),
                                    _connector="OR",
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="proposal_is_about_another",
                    ),
                ],
            },
        ),
        migrations.RunSQL((SQL / "0003_staff.sql").read_text(encoding="utf-8")),
    ]
