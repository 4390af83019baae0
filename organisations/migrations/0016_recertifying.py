"""Roles that are confirmed or end, and accounts that stop."""

from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0015_refresh"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="certified_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(),
                help_text="When their organisation last said that it is needed.",
            ),
        ),
        migrations.AddField(
            model_name="staffmember",
            name="dormant_since",
            field=models.DateTimeField(
                editable=False,
                help_text="When the account stopped because nobody used it.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="staffmember",
            name="let_in_again",
            field=models.DateTimeField(
                editable=False, help_text="When an administrator let them sign in again.", null=True
            ),
        ),
        migrations.RunSQL((SQL / "0006_recertifying.sql").read_text(encoding="utf-8")),
    ]
