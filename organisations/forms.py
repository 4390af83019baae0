"""The forms of the registry's pages."""

from __future__ import annotations

from typing import Any

from django.core.validators import EmailValidator, URLValidator

from organisations.activities import Activity
from organisations.categories import Category
from organisations.places import ContactKind
from organisations.standing import Standing
from ui.forms import (
    CheckboxesField,
    CheckboxField,
    DateField,
    FileField,
    NhsForm,
    RadioField,
    SelectField,
    TextAreaField,
    TextField,
)

#: So much of why is asked for at least, and so much is kept at most.
FEWEST_LETTERS, MOST_LETTERS = 3, 500


def why_field(hint: str = "Kept in the history. Name no resident.") -> TextAreaField:
    """Why something of the registry changes."""
    label = "Say why"
    return TextAreaField(
        label=label,
        hint=hint,
        rows=3,
        min_length=FEWEST_LETTERS,
        max_length=MOST_LETTERS,
        spellcheck=True,
        error=label,
        error_messages={"min_length": f"{label} in {FEWEST_LETTERS} characters or more"},
    )


def email_field(label: str, *, required: bool) -> TextField:
    """An email address."""
    return TextField(
        label=label,
        width=20,
        max_length=254,
        required=required,
        validators=[EmailValidator("Enter an email address like name@example.nhs.uk")],
    )


def link_field(label: str) -> TextField:
    """Where a document is read."""
    return TextField(
        label=label,
        max_length=200,
        required=False,
        validators=[URLValidator(["https"], message="Enter a link that begins with https://")],
    )


class OrganisationFilterForm(NhsForm):
    """Part of an organisation's name, or its whole code."""

    name = TextField(label="Name or ODS code", required=False, width=20, max_length=100)


class StaffSearchForm(NhsForm):
    """Part of a staff member's name. Sent as a POST: a person's name stands in no address."""

    name = TextField(label="Name", required=False, width=20, max_length=100)
    organisation = SelectField(label="Organisation", required=False)


class JoinerForm(NhsForm):
    """Who joins which organisation."""

    organisation = SelectField(label="Organisation", error="Select the organisation")
    username = TextField(
        label="User name",
        error="Enter the user name",
        hint="The one they will sign in with. If they work elsewhere already, the one they have.",
        width=20,
        max_length=150,
    )
    name = TextField(label="Full name (of somebody new)", width=20, max_length=200, required=False)
    email = email_field("Work email (optional)", required=False)


class InviteForm(NhsForm):
    """Where the link for the first sign-in goes."""

    email = email_field("Their own work email", required=True)


class RoleGivenForm(NhsForm):
    """Which role, in which team, from when until when, and why."""

    role = SelectField(label="Role", error="Select the role")
    team = SelectField(label="Team", required=False)
    begins = DateField(
        label="First day", hint="Leave empty for now.", required=False, earliest=None
    )
    ends = DateField(
        label="Last day", hint="Leave empty if there is none.", required=False, earliest=None
    )
    why = why_field()


class EndRolesForm(NhsForm):
    """Which roles end now, and why."""

    memberships = CheckboxesField(
        label="Which roles end now?",
        hint="All of them, if they have left.",
        error="Select at least one role",
    )
    why = why_field()


class CertifyForm(NhsForm):
    """Which roles are still needed."""

    memberships = CheckboxesField(
        label="Which roles are still needed?", error="Select at least one role"
    )


class StaffFileForm(NhsForm):
    """A file of joiners of one organisation."""

    organisation = SelectField(label="Organisation", error="Select the organisation")
    contents = FileField(label="File of staff (CSV)", accept=".csv,text/csv", required=False)
    why = why_field()

    def clean(self) -> dict[str, Any]:
        """The file, or what was read of it before."""
        given = super().clean() or self.cleaned_data
        if not given.get("contents") and not self.data.get("read"):
            self.add_error("contents", "Select a file of staff (CSV)")
        return given


class PublishedForm(NhsForm):
    """A published file of practices, or an answer of the directory's FHIR API."""

    contents = FileField(
        label="File of practices (CSV) or FHIR answer (JSON)",
        accept=".csv,.json,text/csv,application/json,application/fhir+json",
        required=False,
    )
    why = why_field()

    def clean(self) -> dict[str, Any]:
        """The file, or what was read of it before."""
        given = super().clean() or self.cleaned_data
        if not given.get("contents") and not self.data.get("read"):
            self.add_error("contents", "Select a file")
        return given


class AgreementDraftForm(NhsForm):
    """What a source is to show a recipient."""

    categories = CheckboxesField(
        label="What does it show?",
        hint="Nothing, if the agreement is to end.",
        choices=[(str(int(category)), category.label) for category in Category],
        required=False,
    )
    trial = CheckboxesField(
        label="What is shown to named safety testers first?",
        hint="They alone see it, until it is shown to all. Nothing, if nothing is tried out.",
        choices=[(str(int(category)), category.label) for category in Category],
        required=False,
    )
    testers = TextAreaField(
        label="User names of the testers",
        hint="One on each line. They work there, in a role that reads records.",
        rows=3,
        max_length=2000,
        required=False,
    )
    begins = DateField(
        label="First day",
        hint="Leave empty for as soon as it is confirmed.",
        required=False,
        earliest=None,
    )
    ends = DateField(
        label="Last day", hint="Leave empty if there is none.", required=False, earliest=None
    )
    review_on = DateField(
        label="Review on", hint="A date that only warns.", required=False, earliest=None
    )
    purpose = TextField(label="Purpose", error="Enter the purpose", max_length=200)
    legal_basis = TextField(label="Legal basis", error="Enter the legal basis", max_length=200)
    assessment = link_field("Link to the impact assessment (optional)")
    document = link_field("Link to the agreement (optional)")
    why = why_field()


class RoleReadsForm(NhsForm):
    """What a role reads."""

    categories = CheckboxesField(
        label="What does it read?",
        choices=[(str(int(category)), category.label) for category in Category],
        required=False,
    )
    begins = DateField(
        label="First day",
        hint="Leave empty for as soon as it is confirmed.",
        required=False,
        earliest=None,
    )
    why = why_field()


class RoleDraftForm(RoleReadsForm):
    """What a role reads and may do."""

    field_order = ("categories", "activities", "begins", "why")

    activities = CheckboxesField(
        label="What may it do?",
        choices=[(str(activity), activity.label) for activity in Activity],
        required=False,
    )


def _phone(label: str) -> TextField:
    return TextField(label=label, width=20, max_length=30, inputmode="tel", required=False)


class TelephonesForm(NhsForm):
    """Where an organisation is rung."""

    phone = _phone("Telephone")
    duty = _phone("Duty desk")
    out_of_hours = _phone("Out of hours")
    why = why_field()


class ContactForm(NhsForm):
    """Whom to ask at an organisation about one thing."""

    kind = SelectField(
        label="What are they asked about?",
        choices=ContactKind.choices,
        error="Select what they are asked about",
    )
    name = TextField(
        label="Name, or name of the desk (optional)", width=20, max_length=120, required=False
    )
    phone = _phone("Telephone")
    email = email_field("Email", required=False)
    why = why_field()


class MemberForm(NhsForm):
    """Which organisation joins a group."""

    code = TextField(label="ODS code of the organisation", width=10, max_length=10)
    begins = DateField(
        label="First day",
        hint="Leave empty for as soon as it is confirmed.",
        required=False,
        earliest=None,
    )
    ends = DateField(
        label="Last day", hint="Leave empty if there is none.", required=False, earliest=None
    )
    why = why_field()


class EndMemberForm(NhsForm):
    """Until when an organisation belongs to a group."""

    ends = DateField(label="Last day", hint="Leave empty for now.", required=False, earliest=None)
    why = why_field()


class StandingForm(NhsForm):
    """Whether an organisation takes part."""

    standing = RadioField(
        label="What happens?", choices=Standing.choices, error="Select what happens"
    )
    ends = DateField(
        label="Last day, if it leaves",
        hint="Leave empty for now.",
        required=False,
        earliest=None,
    )
    why = why_field()


class SiteForm(NhsForm):
    """A place where an organisation works."""

    code = TextField(
        label="ODS code of the site",
        hint="1 to 10 letters and digits. It cannot be changed later.",
        width=10,
        max_length=10,
    )
    name = TextField(label="Name", width=20, max_length=120)
    postcode = TextField(label="Postcode (optional)", width=10, max_length=8, required=False)
    over = CheckboxField(label="It is not used any more", required=False)
    why = why_field()


class TeamForm(NhsForm):
    """A team of an organisation."""

    code = TextField(
        label="Code",
        hint="As your own system’s deliveries give it. It cannot be changed later.",
        width=20,
        max_length=40,
    )
    name = TextField(label="Name", width=20, max_length=120)
    phone = _phone("Telephone")
    site = SelectField(label="Site", required=False)
    whole_site = CheckboxField(
        label="It serves the whole organisation",
        hint="On call, pharmacy, therapies, discharge: an admission there is its admission.",
        required=False,
    )
    over = CheckboxField(label="It does not work any more", required=False)
    why = why_field()
