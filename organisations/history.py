"""What was changed in the registry: rows that triggers write, and nobody else."""

from __future__ import annotations

from django.db import models


class RegistryChange(models.Model):
    """One row of the registry made, changed or removed: by whom, when, from what to what, and why.

    Written by a trigger on each table (organisations/sql/0002_history.sql), so that bulk and raw
    SQL leave one too. Of a change, ``before`` and ``after`` hold what differs alone; a password is
    never in them. ``staff_id`` is ``None`` where nobody was signed in: then ``login`` says which
    part of the portal wrote.
    """

    at = models.DateTimeField()
    login = models.CharField(max_length=63, help_text="The database login that wrote.")
    staff_id = models.BigIntegerField(null=True)
    staff_name = models.CharField(max_length=200)
    why = models.TextField()
    what = models.CharField(max_length=30, help_text="The kind of row, such as “membership”.")
    row = models.BigIntegerField(help_text="Its id there.")
    organisation_id = models.BigIntegerField(null=True, help_text="Whose registry it is part of.")
    change = models.CharField(max_length=7, help_text="made, changed or removed")
    before = models.JSONField()
    after = models.JSONField()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organisation_id", "-id"], name="change_by_organisation"),
            models.Index(fields=["what", "row", "-id"], name="change_by_row"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.row} {self.change}"
