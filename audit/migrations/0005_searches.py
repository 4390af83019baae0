"""An index of each person's searches, by which they are counted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0004_identity_actions"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("action", "search"), ("outcome", "done")),
                fields=["staff_id", "-at"],
                name="event_by_searcher",
            ),
        ),
    ]
