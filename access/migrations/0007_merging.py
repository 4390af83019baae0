"""What a merge of residents does with relationships, glass and alerts."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0006_recorder_gate"),
        ("identity", "0004_merge_functions"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0005_merging.sql").read_text(encoding="utf-8")),
    ]
