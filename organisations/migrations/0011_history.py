"""The history of the registry, and the triggers that write it."""

from pathlib import Path

from django.db import migrations, models


SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("guardian", "0003_remove_groupobjectpermission_guardian_gr_content_ae6aec_idx_and_more"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("organisations", "0010_bulk_traces"),
    ]

    operations = [
        migrations.CreateModel(
            name="RegistryChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "login",
                    models.CharField(help_text="The database login that wrote.", max_length=63),
                ),
                ("staff_id", models.BigIntegerField(null=True)),
                ("staff_name", models.CharField(max_length=200)),
                ("why", models.TextField()),
                (
                    "what",
                    models.CharField(
                        help_text="The kind of row, such as “membership”.", max_length=30
                    ),
                ),
                ("row", models.BigIntegerField(help_text="Its id there.")),
                (
                    "organisation_id",
                    models.BigIntegerField(help_text="Whose registry it is part of.", null=True),
                ),
                ("change", models.CharField(help_text="made, changed or removed", max_length=7)),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["organisation_id", "-id"], name="change_by_organisation"),
                    models.Index(fields=["what", "row", "-id"], name="change_by_row"),
                ],
            },
        ),
        migrations.RunSQL((SQL / "0002_history.sql").read_text(encoding="utf-8")),
    ]
