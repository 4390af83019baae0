"""What a merge of residents does with entries: they follow their source person."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0002_entry"),
        ("identity", "0004_merge_functions"),
    ]

    operations = [
        migrations.RunSQL(
            "insert into identity_tableaboutresident"
            " (table_name, column_name, on_merge, unique_with, why) values"
            " ('records_entry', 'resident_id', 'follows', '[]',"
            " 'The foreign key of its source person takes it along.')"
        ),
    ]
