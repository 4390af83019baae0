"""Residents are found by keys of their names and birth dates."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# The row's exact name and birth date are among its keys, whoever wrote it: what is changed past
# the model, and would no longer be found, is refused.
CONSTRAINT = """
alter table identity_resident add constraint resident_is_found_by_name check (
    birth_date is null or family_folded = ''
    or search_keys @> array[family_folded || ' ' || (birth_date - date '1970-01-01')])
"""


def fill(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give the residents that are there already their keys."""
    from identity.names import given_keys, search_keys

    Resident = apps.get_model("identity", "Resident")
    columns = ["given_keys", "search_keys"]
    waiting = []
    for row in Resident.objects.only("family_name", "given_names", "birth_date").iterator(2000):
        row.given_keys = list(given_keys(row.given_names))
        row.search_keys = search_keys(row.family_name, row.birth_date)
        waiting.append(row)
        if len(waiting) == 2000:
            Resident.objects.bulk_update(waiting, columns)
            waiting = []
    Resident.objects.bulk_update(waiting, columns)


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0004_merge_functions"),
    ]

    operations = [
        migrations.AddField(
            model_name="resident",
            name="given_keys",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="resident",
            name="search_keys",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), default=list, size=None
            ),
        ),
        # Row security is forced on its owner too, where the walls stand already.
        migrations.RunSQL("alter table identity_resident no force row level security"),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL("alter table identity_resident force row level security"),
        migrations.RunSQL(CONSTRAINT),
        migrations.RemoveIndex(model_name="resident", name="resident_by_name_and_birth"),
        migrations.AddIndex(
            model_name="resident",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["search_keys"], name="resident_by_search_key"
            ),
        ),
    ]
