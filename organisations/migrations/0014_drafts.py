"""Drafts of agreements and roles, with what they would change."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0013_activities_of_who_looked"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="proposal",
            name="proposal_kind_is_known",
        ),
        migrations.AddField(
            model_name="proposal",
            name="effect",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="proposal",
            name="effect_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="proposal",
            name="former",
            field=models.JSONField(null=True),
        ),
        migrations.AlterField(
            model_name="proposal",
            name="kind",
            field=models.CharField(
                choices=[
                    ("membership", "A privileged role for somebody"),
                    ("agreement", "What a source shows a recipient"),
                    ("role", "What a role reads and may do"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["membership", "agreement", "role"])),
                name="proposal_kind_is_known",
            ),
        ),
        migrations.RunSQL((SQL / "0004_drafts.sql").read_text(encoding="utf-8")),
    ]
