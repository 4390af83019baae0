"""Indexes for the page of deliveries: by day, and what waits for somebody."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("feeds", "0010_replaying"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["received"], name="batch_by_time"),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "failed"])),
                fields=["-id"],
                name="batch_for_somebody",
            ),
        ),
    ]
