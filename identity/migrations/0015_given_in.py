"""Which delivery brought a person's version, so that two versions of one time have an order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0014_deaths_and_partial_dates"),
    ]

    operations = [
        migrations.AddField(
            model_name="sourceperson",
            name="given_in",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text=(
                    "The delivery of this version: of two of one time the later one given in counts."
                ),
            ),
        ),
    ]
