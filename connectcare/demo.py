"""Whom the demo has: people to sign in as, and what residents have already said.

Everything here is made up. The password is public, which is why only the demo's profile uses it.
"""

from __future__ import annotations

from dataclasses import dataclass

from consent.models import Answer, Kind
from region import people_of_note as note

PASSWORD = "connect-care-demo"  # noqa: S105 - public, and refused outside the demo's profile

#: Which region it is: the same seed always makes the same residents.
SEED = 2016
#: Whose feed the demo shows as late, so that the state can be seen.
LATE_SOURCE = "GRB01"


@dataclass(frozen=True, slots=True)
class DemoMembership:
    """A role at an organisation and team of the made-up region, by their codes."""

    role: str
    organisation: str
    team: str = ""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody to sign in as, and what to try as them."""

    username: str
    name: str
    memberships: tuple[DemoMembership, ...]
    shows: str
    administers: str = ""
    email: str = ""


PEOPLE: tuple[DemoPerson, ...] = (
    DemoPerson(
        "ward-nurse",
        "Grace Obi",
        (DemoMembership("nurse", "RJ2", "RJ2-CEDAR"),),
        f"{note.IN_HOSPITAL.name}, a patient on Cedar ward",
    ),
    DemoPerson(
        "gp",
        "Dr Hannah Weiss",
        (
            DemoMembership("doctor", "Y99901", "Y99901-GP"),
            DemoMembership("doctor", "SEL01", "SEL01-OOH"),
        ),
        f"{note.DIABETIC.name}, registered at Ladywell Green; also works out of hours",
    ),
    DemoPerson(
        "discharge",
        "Michael Asante",
        (DemoMembership("health-professional", "RJ2", "RJ2-DISCHARGE-QEH"),),
        "every admitted resident: this team serves the whole site",
    ),
    DemoPerson(
        "district-nurse",
        "Siobhan Kelly",
        (DemoMembership("nurse", "RPG", "RPG-DN-GRE"),),
        f"{note.LONG_COMMUNITY_RECORD.name}, a long record",
    ),
    DemoPerson(
        "social-worker",
        "Kofi Mensah-Jones",
        (DemoMembership("social-worker", "RBG01", "RBG01-NORTH"),),
        f"{note.IN_HOSPITAL.name}, with care at home; records what residents say about sharing",
    ),
    DemoPerson(
        "adviser",
        "Priya Nair",
        (DemoMembership("contact-centre-adviser", "RBG01"),),
        f"{note.WILL_OPT_OUT.name} rings to opt out; sees no clinical word; "
        "has letters to print, and one that is held",
    ),
    DemoPerson(
        "desk",
        "Ruth Baptiste",
        (DemoMembership("contact-centre-adviser", "RJ2"),),
        "requests from the public form and on paper: send one first, then verify it",
    ),
    DemoPerson(
        "records",
        "Denise Okafor",
        (DemoMembership("records-officer", "RJ2"),),
        f"{note.DOUBTFUL_LINK.name}, whose practice has her number with another birth date",
    ),
    DemoPerson(
        "council-records",
        "Maureen Pike",
        (DemoMembership("records-officer", "RBG01"),),
        "the work list of tracing: one birth date that disagrees, one person whom nobody has",
    ),
    DemoPerson(
        "registry",
        "Elizabeth Shaw",
        (DemoMembership("registry-administrator", "RJ2"),),
        "who shows what to whom: drafts a change, and sees what it would have changed; no record",
    ),
    DemoPerson(
        "registry-two",
        "Howard Lindqvist",
        (DemoMembership("registry-administrator", "RPG"),),
        "the second administrator: confirms what registry drafts under Sharing and Roles",
    ),
    DemoPerson(
        "org-admin",
        "Tomasz Zielinski",
        (DemoMembership("organisation-administrator", "RBG01"),),
        "the staff of Greenwich's social care: joiners, movers, leavers; no record",
        administers="RBG01",
    ),
    DemoPerson(
        "privacy",
        "Anita Rao",
        (DemoMembership("privacy-officer", "RJ2"),),
        "alerts: break glass as ward-nurse first; what is sent names nobody",
        email="privacy.officer@trust.example",
    ),
    DemoPerson(
        "caldicott",
        "Dr Samuel Adeyemi",
        (DemoMembership("caldicott-guardian", "RJ2"),),
        "the second officer: confirms what privacy proposes under Disclosures, or ends it; "
        "adjusts under Roles what each role reads",
        email="caldicott.guardian@trust.example",
    ),
    DemoPerson(
        "support",
        "Leila Haddad",
        (DemoMembership("system-support", "RJ2"),),
        "gives in deliveries and watches them load",
    ),
)


@dataclass(frozen=True, slots=True)
class DemoChoice:
    """What a resident of note has said before the demo begins."""

    nhs_number: str
    kind: Kind
    answer: Answer
    council: str
    #: Whether the Personal Demographics Service has said where letters go.
    has_verified_address: bool = True


CHOICES: tuple[DemoChoice, ...] = (
    DemoChoice(
        note.REFUSED_SOCIAL_CARE.nhs_number, Kind.SOCIAL_CARE_SHARING, Answer.REFUSES, "LBB01"
    ),
    DemoChoice(note.OBJECTS_TO_NUMBER.nhs_number, Kind.NHS_NUMBER, Answer.REFUSES, "LBL01"),
    # A letter to print, and one that is held, at the desk of the demo's adviser.
    DemoChoice(note.LONG_RECORD.nhs_number, Kind.SOCIAL_CARE_SHARING, Answer.CONSENTS, "RBG01"),
    DemoChoice(
        note.ONE_NAME.nhs_number,
        Kind.SOCIAL_CARE_SHARING,
        Answer.REFUSES,
        "RBG01",
        has_verified_address=False,
    ),
)
