"""The forms of the registry's pages."""

from __future__ import annotations

from ui.forms import NhsForm, TextField


class OrganisationFilterForm(NhsForm):
    """Part of an organisation's name, or its whole code."""

    name = TextField(label="Name or ODS code", required=False, width=20, max_length=100)


class StaffSearchForm(NhsForm):
    """Part of a staff member's name. Sent as a POST: a person's name stands in no address."""

    name = TextField(label="Name", required=False, width=20, max_length=100)
