"""What the portal itself writes, and refuses every change, goes as well once its time is over."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0017_choices_journal"),
        ("identity", "0016_merges_undone"),
        ("keeping", "0004_portal_rows"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="portalrule", name="portal_rule_kind_is_known"),
        migrations.AlterField(
            model_name="portalrule",
            name="kind",
            field=models.CharField(
                choices=[
                    ("subject-access", "Subject access requests that were answered"),
                    ("notices", "Notices to teams"),
                    ("requests", "Requests about choices that came to nothing"),
                    ("traces", "Traces of which a later one says as much"),
                    ("questions", "Questions about who somebody is, on which nothing rests"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="portalrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    kind__in=["subject-access", "notices", "requests", "traces", "questions"]
                ),
                name="portal_rule_kind_is_known",
            ),
        ),
        migrations.RunSQL((SQL / "0005_over_and_done.sql").read_text(encoding="utf-8")),
    ]
