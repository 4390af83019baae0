"""The public form's one function."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0031_one_plan"),
        ("consent", "0013_request_functions"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0022_requests.sql").read_text(encoding="utf-8")),
    ]
