"""No index of entries by source alone, which another begins with, and none by feed: none asks."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0017_places"),
        ("records", "0011_one_index_of_source_persons"),
    ]

    operations = [
        migrations.AlterField(
            model_name="entry",
            name=name,
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=to,
            ),
        )
        for name, to in (
            ("feed", "organisations.feed"),
            ("source", "organisations.organisation"),
        )
    ]
