"""Deaths by their notice, and births and deaths of which no day is known."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"
PART = "^[0-9]{4}(-(0[1-9]|1[0-2]))?$"

# The owner sees no row of a walled table. Whoever died before was told of by a source, as far as
# is known: the next answer of the Personal Demographics Service says which notice it is.
KNOWN_DEATHS = """
    alter table identity_resident no force row level security;
    update identity_resident set death_notice = '1', death_said_by = 'feed' where deceased;
    alter table identity_resident force row level security;
"""


def _text(name: str, length: int, **said: object) -> migrations.AddField:
    field = models.CharField(blank=True, db_default="", default="", max_length=length, **said)
    return migrations.AddField(model_name="resident", name=name, field=field)


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0013_traced_for_letters"),
    ]

    operations = [
        _text("birth_date_part", 7, help_text="YYYY or YYYY-MM."),
        _text("deceased_on_part", 7, help_text="YYYY or YYYY-MM."),
        _text(
            "death_notice",
            1,
            choices=[
                ("1", "Informal notice: not confirmed by the registrar"),
                ("2", "Formal notice by the registrar"),
                ("U", "Death notice withdrawn"),
            ],
        ),
        _text(
            "death_said_by",
            10,
            choices=[
                ("feed", "A source’s feed"),
                ("trace", "The Personal Demographics Service"),
                ("resident", "The resident"),
                ("carer", "Somebody who cares for the resident"),
            ],
        ),
        migrations.RunSQL(KNOWN_DEATHS),
        migrations.RunSQL((SQL / "0005_deaths.sql").read_text(encoding="utf-8")),
        migrations.AddConstraint(
            model_name="resident",
            constraint=models.CheckConstraint(
                condition=models.Q(("birth_date_part", ""))
                | models.Q(("birth_date__isnull", True), ("birth_date_part__regex", PART)),
                name="resident_birth_is_a_day_or_a_part",
            ),
        ),
        migrations.AddConstraint(
            model_name="resident",
            constraint=models.CheckConstraint(
                condition=models.Q(("deceased_on_part", ""))
                | models.Q(
                    ("deceased", True),
                    ("deceased_on__isnull", True),
                    ("deceased_on_part__regex", PART),
                ),
                name="resident_death_is_a_day_or_a_part",
            ),
        ),
        migrations.AddConstraint(
            model_name="resident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("death_notice__in", ["1", "2"]),
                    ("death_said_by__in", ["feed", "trace"]),
                    ("deceased", True),
                )
                | models.Q(
                    ("death_notice__in", ["", "U"]), ("death_said_by", ""), ("deceased", False)
                ),
                name="resident_death_stands_on_a_notice",
            ),
        ),
    ]
