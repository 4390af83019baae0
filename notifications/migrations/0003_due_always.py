"""A row for every change that makes notices due, however many are there already."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0002_notice_functions"),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "0002_due_always.sql").read_text(encoding="utf-8"),
            state_operations=[
                migrations.AlterField("noticesdue", "resident_id", models.BigIntegerField()),
                migrations.AddField(
                    "noticesdue",
                    "id",
                    models.BigAutoField(primary_key=True, serialize=False),
                    preserve_default=False,
                ),
            ],
        ),
    ]
