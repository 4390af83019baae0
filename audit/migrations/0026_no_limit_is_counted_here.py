"""Nothing asks any more how often somebody has searched: limits have rows of their own."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0063_attempts"),
        ("audit", "0025_slices"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="event", name="event_by_searcher"),
    ]
