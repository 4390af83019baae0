"""What agreements show to named testers first."""

from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0017_places"),
    ]

    operations = [
        migrations.AddField(
            model_name="sharingagreement",
            name="testers",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                blank=True,
                db_default=[],
                default=list,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="sharingagreement",
            name="trial",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(
                    choices=[
                        (1, "Appointments and referrals"),
                        (2, "Admissions, attendances and discharges"),
                        (3, "Diagnoses and problems"),
                        (4, "Medications"),
                        (5, "Allergies and adverse reactions"),
                        (6, "Blood and other laboratory results"),
                        (7, "Measurements"),
                        (8, "Imaging"),
                        (9, "Procedures and vaccinations"),
                        (10, "Documents"),
                        (11, "Care plans and decisions"),
                        (12, "Social care assessments"),
                        (13, "Social care services"),
                        (14, "People involved"),
                        (15, "Alerts"),
                        (16, "Safeguarding"),
                    ]
                ),
                blank=True,
                db_default=[],
                default=list,
                size=None,
            ),
        ),
        migrations.AddIndex(
            model_name="sharingagreement",
            index=models.Index(
                condition=models.Q(("testers", []), _negated=True),
                fields=["id"],
                name="agreement_on_trial",
            ),
        ),
        migrations.AddConstraint(
            model_name="sharingagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "trial__contained_by",
                        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
                    ),
                    models.Q(("trial__overlap", models.F("categories")), _negated=True),
                ),
                name="agreement_trial_is_of_other_categories",
            ),
        ),
        migrations.AddConstraint(
            model_name="sharingagreement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("testers", []), ("trial", [])),
                    models.Q(("trial", []), ("testers", []), _connector="OR", _negated=True),
                    _connector="OR",
                ),
                name="agreement_trial_has_testers",
            ),
        ),
        migrations.AddField(
            model_name="sharingagreement",
            name="assessment",
            field=models.URLField(
                blank=True,
                db_default="",
                default="",
                help_text="Where the impact assessment is read.",
            ),
        ),
        migrations.AddField(
            model_name="sharingagreement",
            name="document",
            field=models.URLField(
                blank=True,
                db_default="",
                default="",
                help_text="Where the signed agreement is read.",
            ),
        ),
        migrations.RunSQL((SQL / "0008_trials.sql").read_text(encoding="utf-8")),
    ]
