"""When a death was first heard of, written by the database."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"

# The owner sees no row of a walled table, and whoever died before counts from now.
KNOWN_DEATHS = """
    alter table identity_resident no force row level security;
    update identity_resident set deceased_since = statement_timestamp() where deceased;
    alter table identity_resident force row level security;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0008_trace_walls"),
    ]

    operations = [
        migrations.AddField(
            model_name="resident",
            name="deceased_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RunSQL(KNOWN_DEATHS),
        migrations.RunSQL((SQL / "0003_death.sql").read_text(encoding="utf-8")),
        migrations.AddConstraint(
            model_name="resident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("deceased", True), ("deceased_since__isnull", False)),
                    models.Q(("deceased", False), ("deceased_since__isnull", True)),
                    _connector="OR",
                ),
                name="resident_death_has_its_moment",
            ),
        ),
    ]
