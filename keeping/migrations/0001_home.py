"""A database that was put back opens nothing before the choices made since were replayed."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("access", "0051_registered"),
        ("consent", "0017_choices_journal"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0001_home.sql").read_text(encoding="utf-8")),
    ]
