"""A batch can be read again from its kept bytes, and these are deleted when their time is over."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("feeds", "0009_full_extracts"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="replays",
            field=models.ForeignKey(
                help_text="Whose bytes are read again.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="feeds.batch",
            ),
        ),
        migrations.AddField(
            model_name="batch",
            name="raw_deleted",
            field=models.DateTimeField(help_text="When its raw bytes were deleted.", null=True),
        ),
    ]
