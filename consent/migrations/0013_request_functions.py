"""Requests are only added; whom an opt-out holds for until it is verified."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0016_requests"),
        ("consent", "0012_requests"),
        ("identity", "0009_deceased_since"),
    ]

    operations = [
        migrations.RunSQL((SQL / "0005_requests.sql").read_text(encoding="utf-8")),
    ]
