"""Held items of one person are known as such: how many people a fault is about."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("feeds", "0011_batches_by_day")]

    operations = [
        migrations.AddField(
            model_name="hold",
            name="whose",
            field=models.BinaryField(db_default=b"", max_length=8),
        ),
    ]
