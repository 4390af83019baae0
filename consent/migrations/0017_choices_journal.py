"""Choices wait to be written down outside the database."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0016_where_nobody_spoke"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChoiceToJournal",
            fields=[
                (
                    "choice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="consent.choice",
                    ),
                ),
            ],
        ),
        migrations.RunSQL((SQL / "0014_choices_journal.sql").read_text(encoding="utf-8")),
    ]
