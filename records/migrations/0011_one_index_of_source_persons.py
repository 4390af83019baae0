"""One index of entries by source person, and no longer two that are alike."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0014_deaths_and_partial_dates"),
        ("records", "0010_reports_follow"),
    ]

    operations = [
        migrations.AlterField(
            model_name="entry",
            name="source_person",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="identity.sourceperson",
            ),
        ),
    ]
