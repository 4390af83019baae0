"""Who holds records in the made-up region, and the teams that care for its residents.

The two trusts have their real ODS codes, because their feeds carry them. The practices are
invented: no real practice must appear to hold made-up patients. Council and out-of-hours codes
are configuration, not ODS facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from region.places import drama_landline


class SourceKind(StrEnum):
    """The kind of organisation that a source is."""

    GP_PRACTICE = "gp_practice"
    NHS_TRUST = "nhs_trust"
    ADULT_SOCIAL_CARE = "adult_social_care"
    OUT_OF_HOURS = "out_of_hours"


class TeamKind(StrEnum):
    """What a team does, as far as it decides how residents come to it."""

    PRACTICE = "practice"
    WARD = "ward"
    EMERGENCY_DEPARTMENT = "emergency_department"
    OUTPATIENT_CLINIC = "outpatient_clinic"
    HOSPITAL_DISCHARGE = "hospital_discharge"
    DISTRICT_NURSING = "district_nursing"
    COMMUNITY_THERAPY = "community_therapy"
    COMMUNITY_MENTAL_HEALTH = "community_mental_health"
    MEMORY_SERVICE = "memory_service"
    LEARNING_DISABILITY = "learning_disability"
    SOCIAL_CARE_LOCALITY = "social_care_locality"
    SOCIAL_CARE_HOSPITAL = "social_care_hospital"
    SOCIAL_CARE_DUTY = "social_care_duty"
    OCCUPATIONAL_THERAPY = "occupational_therapy"
    OUT_OF_HOURS = "out_of_hours"


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation of the region; ``borough`` is empty for the trusts."""

    code: str
    name: str
    borough: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    """A team with its stable code. ``site`` and ``borough`` say where it works, if anywhere."""

    code: str
    name: str
    organisation: str
    kind: TeamKind
    phone: str
    site: str = ""
    borough: str = ""


BOROUGHS = ("Lewisham", "Greenwich", "Bexley")

#: The hospital that residents of a borough are taken to.
HOSPITALS = {
    "Lewisham": "University Hospital Lewisham",
    "Greenwich": "Queen Elizabeth Hospital, Woolwich",
    "Bexley": "Queen Elizabeth Hospital, Woolwich",
}


@dataclass(frozen=True, slots=True)
class RegionOrganisations:
    """The organisations that hold records; every code may be replaced by configuration."""

    practices: tuple[Organisation, ...]
    acute_trust: Organisation
    community_trust: Organisation
    councils: tuple[Organisation, ...]
    out_of_hours: tuple[Organisation, ...]

    def practices_of(self, borough: str) -> tuple[Organisation, ...]:
        """The practices of one borough."""
        return tuple(each for each in self.practices if each.borough == borough)

    def council_of(self, borough: str) -> Organisation:
        """The council of one borough. Raises LookupError when none is configured."""
        return _of_borough(self.councils, borough, "council")

    def out_of_hours_of(self, borough: str) -> Organisation | None:
        """The out-of-hours provider of one borough; Bexley's is not part of Connect Care."""
        return next((each for each in self.out_of_hours if each.borough == borough), None)

    def kind_of(self, code: str) -> SourceKind:
        """The kind of the organisation with this code. Raises LookupError when unknown."""
        if code in {each.code for each in self.practices}:
            return SourceKind.GP_PRACTICE
        if code in {self.acute_trust.code, self.community_trust.code}:
            return SourceKind.NHS_TRUST
        if code in {each.code for each in self.councils}:
            return SourceKind.ADULT_SOCIAL_CARE
        if code in {each.code for each in self.out_of_hours}:
            return SourceKind.OUT_OF_HOURS
        message = "no organisation of the region has this code"
        raise LookupError(message)

    def all(self) -> tuple[Organisation, ...]:
        """Every organisation, practices first."""
        return (
            *self.practices,
            self.acute_trust,
            self.community_trust,
            *self.councils,
            *self.out_of_hours,
        )


def _of_borough(organisations: tuple[Organisation, ...], borough: str, word: str) -> Organisation:
    for each in organisations:
        if each.borough == borough:
            return each
    message = f"no {word} is configured for the borough; add one to RegionOrganisations"
    raise LookupError(message)


DEFAULT_ORGANISATIONS = RegionOrganisations(
    practices=(
        Organisation("Y99901", "Ladywell Green Surgery (demo)", "Lewisham"),
        Organisation("Y99902", "Ravensbourne Family Practice (demo)", "Lewisham"),
        Organisation("Y99903", "Telegraph Rise Medical Centre (demo)", "Lewisham"),
        Organisation("Y99904", "Ropewalk Yard Surgery (demo)", "Greenwich"),
        Organisation("Y99905", "Observatory Hill Practice (demo)", "Greenwich"),
        Organisation("Y99906", "Gallions Quay Health Centre (demo)", "Greenwich"),
        Organisation("Y99907", "Cray Meadows Surgery (demo)", "Bexley"),
        Organisation("Y99908", "Red House Lane Practice (demo)", "Bexley"),
        Organisation("Y99909", "Danson Lake Medical Centre (demo)", "Bexley"),
    ),
    acute_trust=Organisation("RJ2", "Lewisham and Greenwich NHS Trust"),
    community_trust=Organisation("RPG", "Oxleas NHS Foundation Trust"),
    councils=(
        Organisation("LBL01", "London Borough of Lewisham (adult social care)", "Lewisham"),
        Organisation("RBG01", "Royal Borough of Greenwich (social care)", "Greenwich"),
        Organisation("LBB01", "London Borough of Bexley (adult social care)", "Bexley"),
    ),
    out_of_hours=(
        Organisation("GRB01", "Greenbrook Healthcare (Greenwich out of hours)", "Greenwich"),
        Organisation("SEL01", "SELDOC (Lewisham out of hours)", "Lewisham"),
    ),
)

_LEWISHAM, _WOOLWICH = HOSPITALS["Lewisham"], HOSPITALS["Greenwich"]

#: suffix of the code, name, kind, site
_ACUTE_TEAMS = (
    ("ED-UHL", "Emergency department (Lewisham)", TeamKind.EMERGENCY_DEPARTMENT, _LEWISHAM),
    ("ED-QEH", "Emergency department (Woolwich)", TeamKind.EMERGENCY_DEPARTMENT, _WOOLWICH),
    ("DISCHARGE-UHL", "Integrated discharge team", TeamKind.HOSPITAL_DISCHARGE, _LEWISHAM),
    ("DISCHARGE-QEH", "Integrated discharge team", TeamKind.HOSPITAL_DISCHARGE, _WOOLWICH),
    ("CEDAR", "Cedar ward (older people)", TeamKind.WARD, _WOOLWICH),
    ("HAZEL", "Hazel ward (trauma and orthopaedics)", TeamKind.WARD, _WOOLWICH),
    ("ROWAN", "Rowan ward (acute medicine)", TeamKind.WARD, _WOOLWICH),
    ("OAK", "Oak ward (cardiology and renal)", TeamKind.WARD, _WOOLWICH),
    ("MAGNOLIA", "Magnolia ward (maternity)", TeamKind.WARD, _WOOLWICH),
    ("MAPLE", "Maple ward (acute medicine)", TeamKind.WARD, _LEWISHAM),
    ("LAUREL", "Laurel ward (older people)", TeamKind.WARD, _LEWISHAM),
    ("ALDER", "Alder ward (trauma and orthopaedics)", TeamKind.WARD, _LEWISHAM),
    ("WILLOW", "Willow ward (stroke)", TeamKind.WARD, _LEWISHAM),
    ("ELM", "Elm ward (respiratory)", TeamKind.WARD, _LEWISHAM),
    ("BIRCH", "Birch ward (surgery)", TeamKind.WARD, _LEWISHAM),
    ("JUNIPER", "Juniper ward (children)", TeamKind.WARD, _LEWISHAM),
    ("DIALYSIS", "Haemodialysis unit", TeamKind.OUTPATIENT_CLINIC, _WOOLWICH),
    ("OP-CARDIOLOGY", "Cardiology clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-DIABETES", "Diabetes clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-EYE", "Ophthalmology clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-FALLS", "Falls and older people's clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-GASTRO", "Gastroenterology clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-HAEMATOLOGY", "Haematology clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-MATERNITY", "Antenatal clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-NEUROLOGY", "Neurology and stroke clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-ONCOLOGY", "Oncology clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-ORTHOPAEDICS", "Fracture and orthopaedic clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-PAEDIATRICS", "Children's clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-RENAL", "Kidney clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-RESPIRATORY", "Respiratory clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-RHEUMATOLOGY", "Rheumatology clinic", TeamKind.OUTPATIENT_CLINIC, ""),
    ("OP-UROLOGY", "Urology clinic", TeamKind.OUTPATIENT_CLINIC, ""),
)
_COMMUNITY_TEAMS = (
    ("DN", "district nursing", TeamKind.DISTRICT_NURSING),
    ("THERAPY", "community rehabilitation", TeamKind.COMMUNITY_THERAPY),
    ("CMHT", "community mental health", TeamKind.COMMUNITY_MENTAL_HEALTH),
    ("MEMORY", "memory service", TeamKind.MEMORY_SERVICE),
    ("LD", "community learning disability", TeamKind.LEARNING_DISABILITY),
)
_COUNCIL_TEAMS = (
    ("NORTH", "Adult social care, north locality", TeamKind.SOCIAL_CARE_LOCALITY),
    ("SOUTH", "Adult social care, south locality", TeamKind.SOCIAL_CARE_LOCALITY),
    ("HOSPITAL", "Hospital discharge social work", TeamKind.SOCIAL_CARE_HOSPITAL),
    ("DUTY", "Adult social care duty desk", TeamKind.SOCIAL_CARE_DUTY),
    ("OT", "Occupational therapy and equipment", TeamKind.OCCUPATIONAL_THERAPY),
)


def teams_of(organisations: RegionOrganisations) -> tuple[Team, ...]:
    """Every team of these organisations, with codes that begin with the organisation's."""
    teams = [
        Team(f"{each.code}-GP", each.name, each.code, TeamKind.PRACTICE,
             drama_landline(each.code), "", each.borough)
        for each in organisations.practices
    ]  # fmt: skip
    acute, community = organisations.acute_trust.code, organisations.community_trust.code
    for suffix, name, kind, site in _ACUTE_TEAMS:
        code = f"{acute}-{suffix}"
        teams.append(Team(code, name, acute, kind, drama_landline(code), site))
    for borough in BOROUGHS:
        for suffix, name, kind in _COMMUNITY_TEAMS:
            code = f"{community}-{suffix}-{borough[:3].upper()}"
            phone = drama_landline(code)
            teams.append(Team(code, f"{borough} {name}", community, kind, phone, "", borough))
    for council in organisations.councils:
        for suffix, name, kind in _COUNCIL_TEAMS:
            code = f"{council.code}-{suffix}"
            phone = drama_landline(code)
            teams.append(Team(code, name, council.code, kind, phone, "", council.borough))
    for each in organisations.out_of_hours:
        code = f"{each.code}-OOH"
        phone = drama_landline(code)
        name = f"{each.borough} out-of-hours doctors"
        kind = TeamKind.OUT_OF_HOURS
        teams.append(Team(code, name, each.code, kind, phone, "", each.borough))
    return tuple(teams)


#: The teams of the default organisations, for whoever sets up the registry.
TEAMS = teams_of(DEFAULT_ORGANISATIONS)
