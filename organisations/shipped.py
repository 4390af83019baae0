"""What the project ships: the ten participants, the roles, and what the participants send.

The ten are those of the public notice, by its names. The trusts' codes are public; those of the
councils and the out-of-hours providers are in no public file and are configuration
(:mod:`organisations.configuration`), as are telephone numbers. A role's code is what the rest of
the code names; its national code is the NHS job role where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass

from organisations.activities import Activity
from organisations.categories import CLINICIANS_READ, SOCIAL_WORKERS_READ, Category
from organisations.models import OrganisationKind

BOROUGHS = ("Lewisham", "Greenwich", "Bexley")


@dataclass(frozen=True, slots=True)
class Participant:
    """One of the ten. ``key`` is its name in the configuration; ``code`` where it is public."""

    key: str
    name: str
    kind: OrganisationKind
    area: str = ""
    code: str | None = None

    @property
    def is_group(self) -> bool:
        """Whether it stands for its members, and has no code of its own."""
        return self.kind is OrganisationKind.GROUP


PARTICIPANTS = (
    *(
        Participant(
            f"{area.lower()}-gp-practices", f"{area} GP Practices", OrganisationKind.GROUP, area
        )
        for area in BOROUGHS
    ),
    Participant(
        "lewisham-and-greenwich-trust",
        "Lewisham and Greenwich NHS Trust",
        OrganisationKind.NHS_TRUST,
        code="RJ2",
    ),
    Participant("oxleas", "Oxleas NHS Foundation Trust", OrganisationKind.NHS_TRUST, code="RPG"),
    Participant(
        "lewisham-council",
        "London Borough of Lewisham (adult social care)",
        OrganisationKind.ADULT_SOCIAL_CARE,
        "Lewisham",
    ),
    Participant(
        "greenwich-council",
        "Royal Borough of Greenwich (social care)",
        OrganisationKind.ADULT_SOCIAL_CARE,
        "Greenwich",
    ),
    Participant(
        "bexley-council",
        "London Borough of Bexley (adult social care)",
        OrganisationKind.ADULT_SOCIAL_CARE,
        "Bexley",
    ),
    Participant(
        "greenbrook",
        "Out of hours care for Greenwich GP Practices (Greenbrook)",
        OrganisationKind.OUT_OF_HOURS,
        "Greenwich",
    ),
    Participant(
        "seldoc",
        "Out of hours care for Lewisham GP Practices (SELDOC)",
        OrganisationKind.OUT_OF_HOURS,
        "Lewisham",
    ),
)

#: What each participant shows each other one, for direct care.
AGREED_CATEGORIES = CLINICIANS_READ

#: What a feed of each kind of organisation brings. A category that is not named here is shown as
#: not held, so the lists are generous.
_HEALTH = CLINICIANS_READ - {Category.SOCIAL_CARE_ASSESSMENTS, Category.SOCIAL_CARE_SERVICES}
FEED_CATEGORIES: dict[OrganisationKind, frozenset[Category]] = {
    OrganisationKind.GP_PRACTICE: _HEALTH,
    OrganisationKind.NHS_TRUST: _HEALTH,
    OrganisationKind.OUT_OF_HOURS: _HEALTH - {Category.IMAGING, Category.LAB_RESULTS},
    OrganisationKind.ADULT_SOCIAL_CARE: frozenset(
        {
            Category.APPOINTMENTS,
            Category.DOCUMENTS,
            Category.CARE_PLANS,
            Category.SOCIAL_CARE_ASSESSMENTS,
            Category.SOCIAL_CARE_SERVICES,
            Category.PEOPLE_INVOLVED,
            Category.ALERTS,
            Category.SAFEGUARDING,
        }
    ),
}
FEED_FORMAT = "fhir-r4"
FEED_EXPECTED_HOURS = 24


@dataclass(frozen=True, slots=True)
class ShippedRole:
    """A role as the project ships it."""

    code: str
    name: str
    national_code: str = ""
    clinical: bool = False
    categories: frozenset[Category] = frozenset()
    activities: tuple[Activity, ...] = ()


_FIND_AND_READ = (Activity.FIND_RESIDENTS, Activity.READ_RECORDS)


#: Legitimate relationships of one's own saying, and letting a colleague in.
_IN_CARE = (*_FIND_AND_READ, Activity.DECLARE_CARE)
#: National activity B0168, emergency access: those who treat.
_TREATS = (*_IN_CARE, Activity.BREAK_GLASS)


#: Who could see what, and who did; no word of a record.
_LOOKS_AFTER_PRIVACY = (
    Activity.FIND_RESIDENTS,
    Activity.REVIEW_ALERTS,
    Activity.DISCLOSE_LAWFULLY,
    Activity.EXPLAIN_ACCESS,
    Activity.READ_AUDIT,
    Activity.TELL_WHO_LOOKED,
)


def _clinician(
    code: str,
    name: str,
    national_code: str = "",
    activities: tuple[Activity, ...] = _TREATS,
) -> ShippedRole:
    return ShippedRole(
        code,
        name,
        national_code,
        clinical=True,
        categories=CLINICIANS_READ,
        activities=activities,
    )


ROLES = (
    _clinician("doctor", "Doctor", "R8000"),
    _clinician("nurse", "Nurse", "R8001"),
    _clinician("health-professional", "Health professional", "R8003"),
    _clinician("pharmacist", "Pharmacist", activities=_IN_CARE),
    ShippedRole(
        "social-worker",
        "Social worker",
        "R0243",
        categories=SOCIAL_WORKERS_READ,
        activities=(*_IN_CARE, Activity.RECORD_CHOICES, Activity.GIVE_NUMBERS),
    ),
    # A student looks on with whoever teaches them: the role exists, and opens nothing by itself.
    ShippedRole("student", "Student", "R8004"),
    ShippedRole("admin-support", "Admin and clinical support", "R8008"),
    ShippedRole("receptionist", "Receptionist", "R8009"),
    ShippedRole(
        "contact-centre-adviser",
        "Contact centre adviser",
        activities=(
            Activity.FIND_RESIDENTS,
            Activity.RECORD_CHOICES,
            Activity.SEND_LETTERS,
            Activity.GIVE_NUMBERS,
        ),
    ),
    # Who somebody is, and no word of their record.
    ShippedRole(
        "records-officer",
        "Records officer",
        activities=(Activity.FIND_RESIDENTS, Activity.GIVE_NUMBERS, Activity.RESOLVE_IDENTITY),
    ),
    # Scrutinises every death that no coroner investigates (the Medical Examiners (England)
    # Regulations 2024): no care relationship is needed, and none is there.
    _clinician(
        "medical-examiner",
        "Medical examiner",
        activities=(*_FIND_AND_READ, Activity.READ_AFTER_DEATH),
    ),
    ShippedRole("privacy-officer", "Privacy officer", "R0001", activities=_LOOKS_AFTER_PRIVACY),
    ShippedRole(
        "caldicott-guardian",
        "Caldicott guardian",
        "R5105",
        activities=(*_LOOKS_AFTER_PRIVACY, Activity.ADJUST_ROLES),
    ),
    ShippedRole(
        "organisation-administrator",
        "Organisation administrator",
        activities=(Activity.MANAGE_ORGANISATION,),
    ),
    ShippedRole(
        "registry-administrator",
        "Registry administrator",
        activities=(Activity.MANAGE_REGISTRY,),
    ),
    # The organisation's own system fetches what was verified of the people whom it sent.
    ShippedRole("source-system", "Source system", activities=(Activity.READ_VERIFIED_NUMBERS,)),
    ShippedRole(
        "system-support",
        "System support",
        "R8015",
        activities=(Activity.LOAD_FEEDS, Activity.TRACE_FEEDS),
    ),
)
