"""Who sends what in which form: the one place that says so.

Sources send as their kind does in England. Of every three practices one sends FHIR R4 line by
line, one GP Connect's structured record, one FHIR bundles. The trusts send HL7 v2; the acute
trust's laboratory in Lewisham is an older one that sends EDIFACT. Councils send Client Level Data
with their people beside it, out-of-hours providers FHIR. What a form has no place for (a paused
service in Client Level Data, an alert in GP Connect) its source sends as FHIR R4 beside it, and so
it does with whatever is struck out or marked as sensitive.

The people of note come as FHIR R4 from everybody: documents and tests name to the word what is
shown of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from region import model
from region.model import Fact, Resident, SourcePerson
from region.organisations import RegionOrganisations, SourceKind


class Form(StrEnum):
    """A form of delivery, by the code that the registry keeps with a feed."""

    FHIR_R4 = "fhir-r4"
    GP_CONNECT = "gp-connect"
    HL7V2 = "hl7v2"
    EDIFACT = "edifact"
    COUNCIL_CSV = "council-csv"


@dataclass(frozen=True, slots=True)
class Sending:
    """What one source sends of one resident in one form."""

    form: Form
    known: SourcePerson
    facts: tuple[Fact, ...]


#: Whose laboratory at the acute trust sends EDIFACT: those who go to the hospital in Lewisham.
_EDIFACT_BOROUGH = "Lewisham"
_RESULTS = (model.LabResult, model.LabReport)
_IN_GP_CONNECT = (
    model.Allergy, model.Condition, model.Document, model.Encounter, model.Measurement,
    model.Medication, model.Procedure, model.Referral, model.Vaccination, *_RESULTS,
)  # fmt: skip
_IN_HL7V2 = (
    model.Allergy, model.Appointment, model.Condition, model.Document, model.Encounter,
    model.Imaging, *_RESULTS,
)  # fmt: skip


def forms_of(source: str, organisations: RegionOrganisations) -> tuple[Form, ...]:
    """Every form in which a source sends, the one that introduces its people first."""
    kind = organisations.kind_of(source)
    if source in _send_gp_connect(organisations):
        return Form.GP_CONNECT, Form.FHIR_R4
    if kind is SourceKind.NHS_TRUST:
        edifact = (Form.EDIFACT,) if source == organisations.acute_trust.code else ()
        return Form.HL7V2, *edifact, Form.FHIR_R4
    if kind is SourceKind.ADULT_SOCIAL_CARE:
        return Form.COUNCIL_CSV, Form.FHIR_R4
    return (Form.FHIR_R4,)


def sends_bundles(source: str, organisations: RegionOrganisations) -> bool:
    """Whether a source puts its FHIR into bundles: the last practice of each borough."""
    last = {each.borough: each.code for each in organisations.practices}
    return source in last.values()


def sendings(resident: Resident, organisations: RegionOrganisations) -> list[Sending]:
    """What all of a resident's sources send of them. Each source sends at least who they are."""
    facts: dict[tuple[str, Form], list[Fact]] = defaultdict(list)
    gp_connect = _send_gp_connect(organisations)
    csv = _in_council_csv(resident)
    for fact in resident.facts:
        form = Form.FHIR_R4
        if not (resident.of_note or fact.entered_in_error or fact.sensitive):
            form = _form_of(fact, resident, organisations, gp_connect, csv)
        facts[fact.source, form].append(fact)
    found = []
    for known in resident.known:
        forms = (Form.FHIR_R4,) if resident.of_note else forms_of(known.source, organisations)
        found += [
            Sending(form, known, tuple(facts[known.source, form]))
            for form in forms
            if form is forms[0] or facts[known.source, form]
        ]
    return found


def _form_of(
    fact: Fact,
    resident: Resident,
    organisations: RegionOrganisations,
    gp_connect: frozenset[str],
    csv: frozenset[str],
) -> Form:
    if fact.source in gp_connect:
        return Form.GP_CONNECT if isinstance(fact, _IN_GP_CONNECT) else Form.FHIR_R4
    kind = organisations.kind_of(fact.source)
    if kind is SourceKind.ADULT_SOCIAL_CARE:
        return Form.COUNCIL_CSV if fact.key in csv else Form.FHIR_R4
    if kind is not SourceKind.NHS_TRUST:
        return Form.FHIR_R4
    older_laboratory = (
        isinstance(fact, _RESULTS)
        and fact.source == organisations.acute_trust.code
        and resident.person.borough == _EDIFACT_BOROUGH
    )
    if older_laboratory:
        return Form.EDIFACT
    return Form.HL7V2 if isinstance(fact, _IN_HL7V2) else Form.FHIR_R4


def _send_gp_connect(organisations: RegionOrganisations) -> frozenset[str]:
    """The practices that do: all but the first and the last of each borough."""
    boroughs = {each.borough for each in organisations.practices}
    return frozenset(
        each.code for borough in boroughs for each in organisations.practices_of(borough)[1:-1]
    )


def _in_council_csv(resident: Resident) -> frozenset[str]:
    """The keys of what Client Level Data and the people beside it have a place for.

    An assessment once it is completed, a service that is not paused, of each kind and day one; and
    of the workers the one who was allocated last.
    """
    found: dict[object, str] = {}
    for fact in sorted(resident.facts, key=lambda each: str(each.at)):
        plain = not (fact.entered_in_error or fact.sensitive)
        match fact:
            case model.SocialCareAssessment(status="completed") if plain:
                found.setdefault(("assessment", fact.source, fact.at, fact.title), fact.key)
            case model.SocialCareService(status="active" | "finished") if plain:
                which = ("service", fact.source, fact.at, fact.category, fact.component)
                found.setdefault(which, fact.key)
            case model.AllocatedWorker() if plain:
                found["worker", fact.source] = fact.key
            case _:
                pass
    return frozenset(found.values())
