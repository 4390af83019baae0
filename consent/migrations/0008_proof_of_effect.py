# Begun by Django 5.2.19 on 2026-11-22 23:11

from pathlib import Path

import audit.fields
from datetime import timedelta
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0007_letter_functions"),
        ("identity", "0009_deceased_since"),
        ("organisations", "0008_activity_of_verified_numbers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Canary",
            fields=[
                (
                    "resident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="canary",
                        serialize=False,
                        to="identity.resident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProbeDue",
            fields=[
                (
                    "choice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="probe_due",
                        serialize=False,
                        to="consent.choice",
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("recorded", "It was just recorded"),
                            ("repeated", "It was found wanting before"),
                            ("canary", "It is the canary's, which is asked about all day"),
                            ("nightly", "Every choice in force is asked about each night"),
                        ],
                        max_length=10,
                    ),
                ),
                ("due", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["why", "due"], name="probe_by_time")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("why__in", ["recorded", "repeated", "canary", "nightly"])
                        ),
                        name="probe_says_why",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProbeResult",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("recorded", "It was just recorded"),
                            ("repeated", "It was found wanting before"),
                            ("canary", "It is the canary's, which is asked about all day"),
                            ("nightly", "Every choice in force is asked about each night"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("elapsed", models.DurationField()),
                ("readers", models.IntegerField()),
                ("asked", models.JSONField()),
                ("shown", models.JSONField()),
                ("faults", models.IntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("holds", "Nothing is shown"),
                            ("shown", "Something is still shown"),
                            ("unproven", "It could not be asked in every way"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "choice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="probes",
                        to="consent.choice",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProofIncident",
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
                ("reference", models.CharField(max_length=20, unique=True)),
                (
                    "raised",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("closed", models.DateTimeField(null=True)),
                ("words", models.TextField(blank=True, db_default="")),
                (
                    "choice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="consent.choice",
                    ),
                ),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.membership",
                    ),
                ),
                (
                    "found",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="consent.proberesult",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="proberesult",
            index=models.Index(fields=["choice", "-id"], name="probe_result_by_choice"),
        ),
        migrations.AddConstraint(
            model_name="proberesult",
            constraint=models.CheckConstraint(
                condition=models.Q(("why__in", ["recorded", "repeated", "canary", "nightly"])),
                name="probe_result_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="proberesult",
            constraint=models.CheckConstraint(
                condition=models.Q(("elapsed__gte", timedelta(0))),
                name="probe_follows_its_choice",
            ),
        ),
        migrations.AddConstraint(
            model_name="proberesult",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("faults", 0), ("outcome", "holds"), ("readers__gt", 0), ("shown", {})
                    ),
                    models.Q(("outcome", "shown"), models.Q(("shown", {}), _negated=True)),
                    models.Q(
                        ("outcome", "unproven"),
                        ("shown", {}),
                        models.Q(("faults__gt", 0), ("readers", 0), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="probe_outcome_is_what_was_found",
            ),
        ),
        migrations.AddIndex(
            model_name="proofincident",
            index=models.Index(fields=["-raised"], name="incident_by_time"),
        ),
        migrations.AddConstraint(
            model_name="proofincident",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed__isnull", True)),
                fields=("choice",),
                name="choice_has_one_incident",
            ),
        ),
        migrations.AddConstraint(
            model_name="proofincident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed__isnull", True), ("closed_by__isnull", True), ("words", "")),
                    models.Q(
                        ("closed__gte", models.F("raised")),
                        ("closed_by__isnull", False),
                        models.Q(("words", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="incident_is_closed_by_somebody",
            ),
        ),
        migrations.RunSQL((SQL / "0010_proof.sql").read_text(encoding="utf-8")),
    ]
