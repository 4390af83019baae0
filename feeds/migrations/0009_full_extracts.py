"""Full extracts: what a batch has all of, so that what it has no more is retired."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("feeds", "0008_deciding"),
        ("organisations", "0010_bulk_traces"),
    ]

    operations = [
        migrations.CreateModel(
            name="FullExtract",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "brought_by",
                    models.BigIntegerField(help_text="The batch, or the one that it replays."),
                ),
                ("kind", models.TextField()),
                (
                    "taken",
                    models.DateTimeField(
                        help_text="Empty: nothing can be retired by it.", null=True
                    ),
                ),
                (
                    "since",
                    models.DateTimeField(
                        help_text="What had ended before is not in it.", null=True
                    ),
                ),
                ("done", models.DateTimeField(null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="feeds.batch",
                    ),
                ),
                (
                    "feed",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.feed",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["feed", "kind", "-taken"], name="full_extract_newest")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("batch", "kind"), name="full_extract_once")
                ],
            },
        ),
    ]
