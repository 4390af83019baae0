"""The officers' pages: shares by the controller's own identifier, holds, and the schedule."""

from pathlib import Path

from django.db import migrations, models

import audit.fields

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("keeping", "0002_retention"),
    ]

    operations = [
        migrations.AddField(
            model_name="retentionhold",
            name="public_id",
            field=models.UUIDField(db_default=audit.fields.UuidV7(), editable=False, unique=True),
        ),
        migrations.RunSQL((SQL / "0003_officers.sql").read_text(encoding="utf-8")),
    ]
