"""Who belongs to a group, and who takes part."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0019_reminders"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="proposal",
            name="proposal_kind_is_known",
        ),
        migrations.AlterField(
            model_name="proposal",
            name="kind",
            field=models.CharField(
                choices=[
                    ("membership", "A privileged role for somebody"),
                    ("agreement", "What a source shows a recipient"),
                    ("role", "What a role reads and may do"),
                    ("group-member", "Who belongs to a group"),
                    ("standing", "An organisation that takes part again"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["membership", "agreement", "role", "group-member", "standing"])
                ),
                name="proposal_kind_is_known",
            ),
        ),
        migrations.RunSQL((SQL / "0010_standing.sql").read_text(encoding="utf-8")),
    ]
