"""Who may open which address: every address × method × persona → status.

This table is written by hand and is the answer to "who may open this?". The walker
(``test_matrix.py``) asks every address of the portal and compares; it fails where an address has
no row here, and where a row's address is gone.

Ids in addresses are made up, so a row says what the door and the view answer where nobody is
known: 404 for those whom the door lets in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Persona(StrEnum):
    """Who asks."""

    ANONYMOUS = "anonymous"
    DOCTOR = "doctor"
    NURSE = "nurse"
    HEALTH_PROFESSIONAL = "health-professional"
    PHARMACIST = "pharmacist"
    MEDICAL_EXAMINER = "medical-examiner"
    SOCIAL_WORKER = "social-worker"
    STUDENT = "student"
    ADMIN_SUPPORT = "admin-support"
    ADVISER = "contact-centre-adviser"
    REGISTRY_ADMINISTRATOR = "registry-administrator"
    ORGANISATION_ADMINISTRATOR = "organisation-administrator"
    SYSTEM_SUPPORT = "system-support"
    SOURCE_SYSTEM = "source-system"
    RECEPTIONIST = "receptionist"
    PRIVACY_OFFICER = "privacy-officer"
    CALDICOTT_GUARDIAN = "caldicott-guardian"
    RECORDS_OFFICER = "records-officer"
    #: Signed in, and no membership of theirs is in force.
    NO_MEMBERSHIP = "no-membership"
    #: Holds two memberships in force and has chosen neither.
    UNDECIDED = "undecided"
    #: Was a nurse with an open session when the account was suspended.
    SUSPENDED = "suspended"


#: Who treats, and may break glass.
TREATING = (Persona.NURSE, Persona.DOCTOR, Persona.HEALTH_PROFESSIONAL)
#: Who may say that they take part in somebody's care.
CARING = (*TREATING, Persona.PHARMACIST, Persona.SOCIAL_WORKER)
READERS = (*CARING, Persona.MEDICAL_EXAMINER)
PRIVACY = (Persona.PRIVACY_OFFICER, Persona.CALDICOTT_GUARDIAN)
FINDERS = (*READERS, Persona.ADVISER, *PRIVACY, Persona.RECORDS_OFFICER)
RECORDERS = (Persona.SOCIAL_WORKER, Persona.ADVISER)
ADMINISTRATORS = (Persona.REGISTRY_ADMINISTRATOR, Persona.ORGANISATION_ADMINISTRATOR)
#: Who sees roles, and what is proposed of them.
OF_ROLES = (*ADMINISTRATORS, Persona.CALDICOTT_GUARDIAN)
DESK = (Persona.ADVISER,)
OFFICERS = (Persona.RECORDS_OFFICER,)
NUMBER_GIVERS = (*RECORDERS, Persona.RECORDS_OFFICER)
SUPPORT = (Persona.SYSTEM_SUPPORT,)
#: Whose role has no task of its own here.
NOTHING_TO_DO = (
    Persona.RECEPTIONIST,
    Persona.STUDENT,
    Persona.ADMIN_SUPPORT,
    Persona.SOURCE_SYSTEM,
)
#: Whoever has no valid session is sent to sign in.
SIGNED_OUT = (Persona.ANONYMOUS, Persona.SUSPENDED)
#: Whoever acts as nothing is sent to choose.
ACTING_AS_NOTHING = (Persona.NO_MEMBERSHIP, Persona.UNDECIDED)

UUID = "019a0000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Row:
    """One address and method: what those answer whom the door lets in, and what the others.

    ``instead`` names personas whose answer differs from their kind's.
    """

    name: str
    method: str
    status: int
    allowed: tuple[Persona, ...] = tuple(Persona)
    ids: dict[str, str] = field(default_factory=dict)
    instead: dict[Persona, int] = field(default_factory=dict)

    def expected(self, persona: Persona) -> int:
        """The status that this persona must get."""
        if persona in self.instead:
            return self.instead[persona]
        if persona in self.allowed:
            return self.status
        return 302 if persona in (*SIGNED_OUT, *ACTING_AS_NOTHING) else 403


def _both(
    name: str, get: int, post: int, allowed: Iterable[Persona] = tuple(Persona), **ids: str
) -> list[Row]:
    return [
        Row(name, "GET", get, tuple(allowed), ids),
        Row(name, "POST", post, tuple(allowed), ids),
    ]


_REFUSED_SIGNED_OUT = dict.fromkeys(SIGNED_OUT, 403)
_SIGNED_IN = tuple(persona for persona in Persona if persona not in SIGNED_OUT)

MATRIX: list[Row] = [
    # Anyone.
    *_both("participating-organisations", 200, 405),
    # The form's first page, and its first question.
    *_both("opt-out", 200, 200),
    *(
        row
        for name in (
            "about",
            "what-is-shared",
            "your-choices",
            "privacy-notice",
            "policies",
            "access-rules",
            "accessibility-statement",
        )
        for row in _both(name, 200, 405)
    ),
    *_both("health-live", 200, 405),
    *_both("fhir-r4-metadata", 200, 405),
    *_both("fhir-stu3-metadata", 200, 405),
    # Systems that show a feed's key; a person's session is none.
    *_both("fhir-r4", 401, 401),
    *_both("fhir-stu3", 401, 401),
    *_both("fhir-delivery", 401, 401, public_id=UUID),
    *_both("health-ready", 200, 405),
    # Nothing is proven where no canary was made.
    *_both("health-proof", 503, 405),
    *_both("health-feeds", 200, 405),
    # The sign-in page sends on whoever has signed in already.
    Row("sign-in", "GET", 302, instead=dict.fromkeys(SIGNED_OUT, 200)),
    Row("sign-in", "POST", 302, instead=dict.fromkeys(SIGNED_OUT, 200)),
    # The second step is nobody's but of who is half-way; one's own app, of who is signed in.
    *_both("sign-in-code", 302, 302),
    # A link for the first sign-in is kept, whatever it says; without one there is no form.
    *_both("first-sign-in-link", 302, 405, word="no-such-link"),
    *_both("first-sign-in", 200, 200),
    *_both("sign-in-recovery", 302, 302),
    Row("add-app", "GET", 200, instead=dict.fromkeys(SIGNED_OUT, 302)),
    Row("add-app", "POST", 200, instead=dict.fromkeys(SIGNED_OUT, 302)),
    # An empty answer is no passkey.
    Row("sign-in-passkey", "GET", 302, instead=dict.fromkeys(SIGNED_OUT, 200)),
    Row("sign-in-passkey", "POST", 302, instead=dict.fromkeys(SIGNED_OUT, 403)),
    Row("add-passkey", "GET", 200, instead=dict.fromkeys(SIGNED_OUT, 302)),
    Row("add-passkey", "POST", 200, instead=dict.fromkeys(SIGNED_OUT, 302)),
    *_both("remove-passkey", 404, 404, _SIGNED_IN, passkey="1"),
    # A host's own page, by a token that it signed; then whoever it is for.
    *_both("launch", 405, 400),
    *_both("take-launch", 403, 405, _SIGNED_IN, launch=UUID),
    *_both("launch-hosts", 200, 200, (Persona.REGISTRY_ADMINISTRATOR,)),
    *_both("launch-host", 404, 404, (Persona.REGISTRY_ADMINISTRATOR,), host=UUID),
    # By a provider, of which there is none in these tests.
    *_both("sign-in-by", 404, 405, provider="none"),
    *_both("sign-in-answer", 404, 405, provider="none"),
    *_both("link-sign-in", 302, 302),
    # A provider alone, by a token that it signed.
    *_both("provider-logout", 404, 404, provider="none"),
    *_both("provider-links", 404, 404, ADMINISTRATORS, person=UUID),
    *_both("your-sign-in", 200, 405, _SIGNED_IN),
    *_both("remove-app", 302, 302, _SIGNED_IN),
    *_both("new-codes", 302, 302, _SIGNED_IN),
    *_both("sign-out", 405, 302),
    *_both("signed-out", 200, 405),
    *_both("stay-signed-in", 405, 200, _SIGNED_IN),
    # Whoever has signed in.
    Row("home", "GET", 302, instead=dict.fromkeys(NOTHING_TO_DO, 200)),
    Row("home", "POST", 405, _SIGNED_IN),
    *_both("choose-membership", 200, 200, _SIGNED_IN),
    # Whom the acting membership cares for now.
    *_both("my-residents", 200, 405, READERS),
    # Finding a resident.
    *_both("find-resident", 200, 200, FINDERS),
    # Records. Without a look at this resident: 403 with a button, for any id.
    *_both("open-record", 405, 400, READERS),
    *_both("record", 403, 405, READERS, resident=UUID),
    *_both("record-section", 403, 405, READERS, resident=UUID, category="medications"),
    *_both("record-item", 403, 405, READERS, resident=UUID, item=UUID),
    *_both("timeline", 403, 405, READERS, resident=UUID),
    *_both("print-record", 403, 405, READERS, resident=UUID),
    *_both("report-entry", 403, 403, READERS, resident=UUID, item=UUID),
    # Reports of wrong entries, of the source's records officers.
    *_both("reports", 200, 405, OFFICERS),
    *_both("report", 404, 404, OFFICERS, report=UUID),
    *_both("find-in-record", 403, 403, READERS, resident=UUID),
    *_both("results-over-time", 403, 405, READERS, resident=UUID, item=UUID),
    *_both("discharge-planning", 403, 405, READERS, resident=UUID),
    # Referrals on leaving hospital: each side's own, and nobody else's.
    *_both("send-referral", 404, 404, READERS, resident=UUID),
    *_both("referral", 404, 405, READERS, referral=UUID),
    *_both("update-referral", 404, 404, READERS, referral=UUID),
    *_both("withdraw-referral", 404, 404, READERS, referral=UUID),
    *_both("acknowledge-referral", 404, 404, READERS, referral=UUID),
    *_both("decline-referral", 404, 404, READERS, referral=UUID),
    *_both("inbox", 200, 302, READERS),
    # Choices. No clinical role but the social worker's records them.
    *_both("resident-choices", 404, 405, RECORDERS, resident=UUID),
    *_both("record-choice", 405, 404, RECORDERS, resident=UUID),
    *_both("choice-recorded", 404, 405, RECORDERS, resident=UUID, choice=UUID),
    *_both("check-choice", 404, 404, RECORDERS, draft=UUID),
    *_both("unfinished-choices", 200, 405, RECORDERS),
    *_both("ask-again", 200, 405, RECORDERS),
    *_both("discard-choice", 405, 404, RECORDERS, draft=UUID),
    *_both("record-choice-step", 404, 404, RECORDERS, draft=UUID, slug="answer"),
    *_both("how-to-write", 404, 404, RECORDERS, resident=UUID),
    *_both("reconciliation", 200, 405, (*DESK, *PRIVACY)),
    # Letters: whoever prints and posts them.
    *_both("letters", 200, 405, DESK),
    *_both("print-letters", 405, 302, DESK),
    *_both("letters-posted", 405, 200, DESK),
    *_both("letter", 404, 405, DESK, letter=UUID),
    *_both("letter-pdf", 404, 405, DESK, letter=UUID),
    *_both("letter-large-print", 404, 405, DESK, letter=UUID),
    *_both("settle-letter", 404, 404, DESK, letter=UUID),
    # The desk's queue, of whoever records choices for an NHS trust.
    *_both("choice-requests", 200, 405, RECORDERS),
    *_both("enter-requests", 200, 200, RECORDERS),
    *_both("choice-request", 404, 404, RECORDERS, asked=UUID),
    *_both("record-request", 405, 404, RECORDERS, asked=UUID),
    # Who somebody is: no record, and two residents side by side for the officer alone.
    *_both("identity-questions", 200, 405, OFFICERS),
    *_both("identity-question", 404, 404, OFFICERS, question=UUID),
    *_both("join-asked", 405, 404, OFFICERS, question=UUID),
    *_both("separate-asked", 405, 404, OFFICERS, question=UUID),
    *_both("note-question", 405, 404, OFFICERS, question=UUID),
    *_both("propose-candidate", 405, 404, OFFICERS, question=UUID),
    *_both("retry-question", 405, 404, OFFICERS, question=UUID),
    *_both("identity-merge", 404, 405, OFFICERS, merge=UUID),
    *_both("take-apart", 404, 404, OFFICERS, merge=UUID),
    *_both("identity", 404, 405, OFFICERS, resident=UUID),
    *_both("find-other", 404, 404, OFFICERS, resident=UUID),
    *_both("join-residents", 404, 404, OFFICERS, resident=UUID, other=UUID),
    *_both("give-number", 404, 404, NUMBER_GIVERS, resident=UUID),
    *_both("number-given", 404, 405, NUMBER_GIVERS, resident=UUID),
    # The registry: no record, and nobody's.
    *_both("registry-organisations", 200, 405, ADMINISTRATORS),
    *_both("registry-organisation", 404, 405, ADMINISTRATORS, public_id=UUID),
    *_both("registry-standing", 404, 404, (Persona.REGISTRY_ADMINISTRATOR,), public_id=UUID),
    *_both("registry-add-member", 404, 404, (Persona.REGISTRY_ADMINISTRATOR,), public_id=UUID),
    *_both(
        "registry-end-member",
        404,
        404,
        (Persona.REGISTRY_ADMINISTRATOR,),
        public_id=UUID,
        row="1",
    ),
    *_both("registry-telephones", 404, 404, ADMINISTRATORS, public_id=UUID),
    *_both("registry-add-contact", 404, 404, ADMINISTRATORS, public_id=UUID),
    *_both("registry-contact", 404, 404, ADMINISTRATORS, public_id=UUID, row="1"),
    *_both("registry-add-site", 404, 404, ADMINISTRATORS, public_id=UUID),
    *_both("registry-site", 404, 404, ADMINISTRATORS, public_id=UUID, row="1"),
    *_both("registry-add-team", 404, 404, ADMINISTRATORS, public_id=UUID),
    *_both("registry-team", 404, 404, ADMINISTRATORS, public_id=UUID, row="1"),
    *_both("registry-staff", 200, 200, ADMINISTRATORS),
    *_both("registry-roles", 200, 405, OF_ROLES),
    *_both("registry-join", 200, 200, ADMINISTRATORS),
    *_both("registry-upload", 200, 200, ADMINISTRATORS),
    *_both("registry-person", 404, 405, ADMINISTRATORS, person=UUID),
    *_both("registry-give-role", 405, 404, ADMINISTRATORS, person=UUID),
    *_both("registry-invite", 404, 404, ADMINISTRATORS, person=UUID),
    *_both("registry-end-roles", 404, 404, ADMINISTRATORS, person=UUID),
    *_both("registry-proposals", 200, 405, OF_ROLES),
    *_both("registry-proposal", 404, 404, OF_ROLES, proposal=UUID),
    *_both(
        "registry-return",
        405,
        404,
        (Persona.REGISTRY_ADMINISTRATOR, Persona.CALDICOTT_GUARDIAN),
        proposal=UUID,
    ),
    *_both("registry-refresh", 200, 200, (Persona.REGISTRY_ADMINISTRATOR,)),
    *_both("registry-recertify", 200, 200, ADMINISTRATORS),
    *_both("registry-let-in-again", 405, 404, ADMINISTRATORS, person=UUID),
    *_both("registry-sharing", 200, 405, ADMINISTRATORS),
    *_both("registry-agreement", 404, 404, ADMINISTRATORS, source=UUID, recipient=UUID),
    *_both("registry-role", 404, 404, OF_ROLES, code="no-such-role"),
    *_both("registry-history", 200, 405, ADMINISTRATORS),
    # Opening what is restricted. No glass for social workers and pharmacists; the medical examiner
    # needs no part in anybody's care, and may say none.
    *_both("emergency", 404, 405, TREATING, resident=UUID),
    *_both("break-glass", 404, 404, TREATING, resident=UUID),
    *_both("declare-care", 404, 404, CARING, resident=UUID),
    *_both("declare-consent", 404, 404, CARING, resident=UUID),
    *_both("let-in", 404, 404, CARING, resident=UUID),
    *_both("say-why", 404, 404, READERS, resident=UUID),
    # Alerts.
    *_both("subject-accesses", 200, 405, PRIVACY),
    *_both("begin-subject-access", 404, 404, PRIVACY, resident=UUID),
    *_both("subject-access", 404, 405, PRIVACY, subject_access=UUID),
    *_both("decide-subject-access", 404, 404, PRIVACY, subject_access=UUID, part="1"),
    *_both("extend-subject-access", 404, 404, PRIVACY, subject_access=UUID),
    *_both("fetch-subject-access", 405, 404, PRIVACY, subject_access=UUID),
    # Keeping and deleting.
    *_both("retention", 200, 200, PRIVACY),
    *_both("retention-holds", 200, 405, PRIVACY),
    *_both("begin-retention-hold", 200, 200, PRIVACY),
    *_both("end-retention-hold", 404, 404, PRIVACY, hold=UUID),
    *_both("retention-schedule", 200, 405, PRIVACY),
    *_both("release-line", 404, 404, PRIVACY, alert=UUID),
    *_both("hold-line", 404, 404, PRIVACY, resident=UUID, line=UUID),
    *_both("watches", 200, 405, PRIVACY),
    *_both("watch-record", 404, 404, PRIVACY, resident=UUID),
    *_both("alerts", 200, 405, PRIVACY),
    *_both("alert", 404, 404, PRIVACY, alert=UUID),
    # Who looked at whose record.
    *_both("begin-account", 404, 404, PRIVACY, resident=UUID),
    *_both("account", 404, 405, PRIVACY, account=UUID),
    *_both("account-pdf", 404, 405, PRIVACY, account=UUID),
    *_both("account-large-print", 404, 405, PRIVACY, account=UUID),
    *_both("ask-about-look", 404, 404, PRIVACY, account=UUID, line=UUID),
    *_both("looks", 200, 200, PRIVACY),
    *_both("looks-of-staff", 404, 405, PRIVACY, staff="1000000000"),
    *_both("looks-of-staff-file", 404, 405, PRIVACY, staff="1000000000"),
    *_both("who-looked", 404, 405, PRIVACY, resident=UUID),
    *_both("who-looked-file", 404, 405, PRIVACY, resident=UUID),
    *_both("failed-proofs", 200, 405, PRIVACY),
    *_both("failed-proof", 404, 404, PRIVACY, proof=UUID),
    *_both("incidents", 200, 405, PRIVACY),
    *_both("incident", 404, 404, PRIVACY, incident=UUID),
    # Who could see what.
    # Lawful disclosures.
    *_both("disclosures", 200, 405, PRIVACY),
    *_both("disclosure", 404, 404, PRIVACY, disclosure=UUID),
    *_both("propose-disclosure", 404, 404, PRIVACY, resident=UUID),
    *_both("who-could-see", 404, 405, PRIVACY, resident=UUID),
    # Deliveries.
    *_both("batches", 200, 405, SUPPORT),
    *_both("give-in-delivery", 200, 200, SUPPORT),
    *_both("batch", 404, 405, SUPPORT, public_id=UUID),
    *_both("load-batch-again", 405, 404, SUPPORT, public_id=UUID),
    *_both("replay-batch", 405, 404, SUPPORT, public_id=UUID),
    *_both("decide-batch", 405, 404, SUPPORT, public_id=UUID),
    *_both("held", 404, 404, SUPPORT, public_id=UUID),
    # Having a source's people traced.
    *_both("tracing", 200, 405, SUPPORT),
    *_both("trace-source", 200, 200, SUPPORT),
    # What a source's own system fetches.
    *(
        Row("verified-numbers", method, status, (Persona.SOURCE_SYSTEM,), {}, _REFUSED_SIGNED_OUT)
        for method, status in (("GET", 200), ("POST", 405))
    ),
    # Read by a script: whoever is signed out is told so, and not sent to a form.
    *(
        Row("batch-as-json", method, status, SUPPORT, {"public_id": UUID}, _REFUSED_SIGNED_OUT)
        for method, status in (("GET", 404), ("POST", 405))
    ),
]
