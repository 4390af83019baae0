"""A report follows its entry's source person when a link changes."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0009_report_walls"),
        ("identity", "0014_deaths_and_partial_dates"),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "0005_reports_follow.sql").read_text(encoding="utf-8"),
            state_operations=[
                migrations.AddField(
                    "entryreport",
                    "source_person",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.sourceperson",
                    ),
                    preserve_default=False,
                ),
            ],
        ),
    ]
