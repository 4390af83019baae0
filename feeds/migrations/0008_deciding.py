"""A person decides about a delivery: mapping, preview, and what is held."""

from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("feeds", "0007_course"),
        ("organisations", "0010_bulk_traces"),
    ]

    operations = [
        migrations.CreateModel(
            name="FeedMapping",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField()),
                (
                    "given_in",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "given_in_by",
                    models.BigIntegerField(help_text="The staff member, if one did.", null=True),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="batch",
            name="batch_state_is_known",
        ),
        migrations.AddField(
            model_name="batch",
            name="decided",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="batch",
            name="decided_by",
            field=models.BigIntegerField(help_text="The staff member, if one did.", null=True),
        ),
        migrations.AddField(
            model_name="batch",
            name="findings",
            field=models.JSONField(
                help_text="What a look over it found, in numbers: see feeds/looking_over.py.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="batch",
            name="preview_first",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Nothing is loaded before somebody has decided.",
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="asked_again",
            field=models.DateTimeField(help_text="When it was asked to be tried again.", null=True),
        ),
        migrations.AlterField(
            model_name="batch",
            name="state",
            field=models.CharField(
                choices=[
                    ("received", "Received, waiting to be loaded"),
                    ("loading", "Loading"),
                    ("waiting", "Waiting for a decision"),
                    ("refused", "Refused, not loaded"),
                    ("loaded", "Loaded"),
                    ("failed", "Stopped by a fault"),
                ],
                default="received",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="feedmapping",
            name="feed",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="organisations.feed",
            ),
        ),
        migrations.AddField(
            model_name="batch",
            name="mapping",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="feeds.feedmapping",
            ),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["received", "loading", "waiting", "refused", "loaded", "failed"])
                ),
                name="batch_state_is_known",
            ),
        ),
        migrations.RunSQL((SQL / "0004_deciding.sql").read_text(encoding="utf-8")),
    ]
