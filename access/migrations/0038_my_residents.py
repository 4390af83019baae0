"""Where an admitted resident lies, and the gate's list of whom a membership cares for now."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0037_quicker_opening"),
    ]

    operations = [
        migrations.AddField(
            model_name="carerelationship",
            name="place",
            field=models.TextField(blank=True, db_default=""),
        ),
        migrations.AddIndex(
            model_name="carerelationship",
            index=models.Index(
                condition=models.Q(("kind", "registered-practice"), _negated=True),
                fields=["organisation", "kind"],
                name="relationship_worked_with",
            ),
        ),
        migrations.RunSQL((SQL / "0041_my_residents.sql").read_text(encoding="utf-8")),
    ]
