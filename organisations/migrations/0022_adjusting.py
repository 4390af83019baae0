"""Caldicott guardians adjust which categories a role reads."""

from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0021_administers"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="role",
            name="role_activities_are_known",
        ),
        migrations.AlterField(
            model_name="role",
            name="activities",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("find-residents", "Find a resident"),
                        ("read-records", "Open the record of a resident in their care"),
                        ("declare-care", "Say why they are involved, or let a colleague in"),
                        ("break-glass", "Open a record in an emergency"),
                        ("read-after-death", "Open the record of somebody who has died"),
                        (
                            "disclose-lawfully",
                            "Propose, confirm and end lawful disclosures of what is withheld",
                        ),
                        ("review-alerts", "Review emergency openings and what staff declared"),
                        ("explain-access", "Say who could open a part of a resident's record"),
                        ("read-audit", "See who looked at which records"),
                        ("tell-who-looked", "Tell a resident who looked at their record, and why"),
                        ("adjust-roles", "Adjust which parts of a record each role reads"),
                        ("record-choices", "Record what a resident has said about sharing"),
                        ("send-letters", "Print and post the letters that confirm choices"),
                        ("give-numbers", "Enter an NHS number that a resident or carer gives"),
                        ("resolve-identity", "Decide who somebody is: join, keep apart, undo"),
                        ("manage-registry", "Manage every organisation, role and agreement"),
                        ("manage-organisation", "Manage the staff and teams of an organisation"),
                        (
                            "read-verified-numbers",
                            "Fetch the verified NHS numbers of their own organisation’s people",
                        ),
                        ("load-feeds", "Give in deliveries and watch them load"),
                        ("trace-feeds", "Have everybody of a source traced, and watch it"),
                    ],
                    max_length=40,
                ),
                blank=True,
                default=list,
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "activities__contained_by",
                        [
                            "find-residents",
                            "read-records",
                            "declare-care",
                            "break-glass",
                            "read-after-death",
                            "disclose-lawfully",
                            "review-alerts",
                            "explain-access",
                            "read-audit",
                            "tell-who-looked",
                            "adjust-roles",
                            "record-choices",
                            "send-letters",
                            "give-numbers",
                            "resolve-identity",
                            "manage-registry",
                            "manage-organisation",
                            "read-verified-numbers",
                            "load-feeds",
                            "trace-feeds",
                        ],
                    )
                ),
                name="role_activities_are_known",
            ),
        ),
        migrations.RunSQL((SQL / "0012_adjusting.sql").read_text(encoding="utf-8")),
    ]
