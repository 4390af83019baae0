"""Leaving hospital: a coordinator's glance, a referral by both its sides, and a team's inbox."""

from __future__ import annotations

import re

import pytest

from identity.models import Resident
from notifications.making import make_due_notices
from organisations.models import Membership, Team
from region import people_of_note as note
from region.people_of_note import PersonOfNote
from tests import factories
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor
from tests.conftest import AsLogin

pytestmark = pytest.mark.browser

RECORD = "Shared care record"
TEAM = "Royal Borough of Greenwich (social care): Adult social care, north locality"
CLOSED = "This record is not shared on Connect Care"
NEEDS = "Help with washing and dressing twice a day; cannot manage stairs yet"
PLANNING = "Discharge planning: social care, equipment, carers, whom to ring"


def ends(words: str) -> re.Pattern[str]:
    """A heading that ends so, whatever caption it begins with."""
    return re.compile(rf"{re.escape(words)}\s*$")


def finds(who: Visitor, person: PersonOfNote) -> None:
    """Search for somebody by name and birth date."""
    who.finds(
        person.name, family=person.family, born=person.birth_date, given=" ".join(person.given)
    )


def plans(who: Visitor, person: PersonOfNote) -> None:
    """From the start to the page for planning a discharge."""
    finds(who, person)
    who.opens_record_of(person.name).arrives(RECORD)
    who.follows(PLANNING).arrives("Discharge planning")


def test_a_discharge_coordinator_sees_at_a_glance_what_there_is(visit: Visit) -> None:
    coordinator = visit()
    coordinator.signs_in("discharge")
    plans(coordinator, note.IN_HOSPITAL)
    coordinator.sees(
        "Royal Borough of Greenwich (social care): social care is shown below.",
        "At night and at weekends ring",
        "Emergency admission",
        "Home support or domiciliary care",
        "Paused",
        "Care Act needs assessment",
        "Equipment and adaptations",
    )
    coordinator.sees("London Borough of Lewisham (adult social care): no social care shown.")
    coordinator.pictures("discharge-planning")


def test_a_ward_refers_and_the_councils_team_acknowledges(visit: Visit, as_login: AsLogin) -> None:
    nurse, worker, person = visit(), visit(), note.TO_BE_REFERRED
    reference = when_the_nurse_refers(nurse, person)
    then_the_team_finds_it_on_top_and_acknowledges(worker, person, reference)
    nurse.reloads().arrives(ends(f"{reference}: acknowledged"))
    nurse.sees("The team has it.", "Kofi Mensah-Jones, Social worker").pictures("referral")
    when_the_nurse_updates(nurse, reference)
    worker.opens("/inbox").arrives("Inbox").sees("Referrals to acknowledge")
    nurse.follows("Withdraw").arrives(ends("Withdraw the referral"))
    nurse.presses("Withdraw the referral").arrives(ends("Withdraw the referral"))
    nurse.sees("Select why it is taken back")
    nurse.chooses("They are not leaving hospital for now").presses("Withdraw the referral")
    nurse.arrives(ends(f"{reference}: withdrawn"))
    worker.reloads().arrives("Inbox").sees(reference, "Withdrawn")
    given_he_opts_out(person, as_login)
    again = when_the_nurse_refers_whose_record_is_closed(nurse, person)
    then_the_team_reads_what_the_ward_wrote_and_no_more(worker, person, again)
    nurse.reloads().arrives(ends(f"{again}: acknowledged"))


def given_he_opts_out(person: PersonOfNote, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        adviser = Membership.objects.filter(staff__username="adviser").order_by("pk")[0]
        resident = Resident.objects.get(nhs_numbers__number=person.nhs_number)
        factories.choice(resident, "connect-care", by=adviser)


def when_the_nurse_refers_whose_record_is_closed(nurse: Visitor, person: PersonOfNote) -> str:
    finds(nurse, person)
    nurse.opens_record_of(person.name).arrives(CLOSED)
    nurse.sees("If they are leaving hospital").pictures("opted-out-refer")
    nurse.follows("Refer to a council’s team").arrives("Refer to a council’s team")
    nurse.sees("by their choice, their record stays closed to it").pictures("refer-closed")
    nurse.follows("Stop here: nothing is sent").arrives(CLOSED)
    nurse.follows("Refer to a council’s team").arrives("Refer to a council’s team")
    writes(nurse)
    nurse.arrives(ends("Check and send")).pictures("refer-closed-check")
    nurse.presses("Send the referral").arrives(ends("not acknowledged yet"))
    nurse.sees(NEEDS, "By the person’s choice, this referral opens no record.")
    nurse.pictures("referral-closed")
    return reference_of(nurse)


def then_the_team_reads_what_the_ward_wrote_and_no_more(
    worker: Visitor, person: PersonOfNote, reference: str
) -> None:
    worker.reloads().arrives("Inbox").sees("Referrals to acknowledge", person.name)
    worker.pictures("inbox-closed")
    worker.follows(re.compile(f"referral {reference}$"))
    worker.arrives(ends(f"{reference}: not acknowledged yet")).sees(NEEDS, person.name)
    worker.sees_nothing_of("NHS No.", "Gender").pictures("referral-closed-team")
    worker.follows("Acknowledge").arrives(ends("Acknowledge the referral"))
    worker.presses("Acknowledge the referral").arrives(ends(f"{reference}: acknowledged"))
    worker.follows(re.compile("^Back$")).arrives("Inbox")


def writes(nurse: Visitor) -> None:
    """What the form of a referral asks for."""
    nurse.page.get_by_label("Which council’s team?").select_option(label=TEAM)
    nurse.types("What support will they need, and what has changed?", NEEDS)
    nurse.types("Whom to ring on the ward", "020 7946 0500")
    nurse.chooses("Yes, and they agree").presses("Continue")


def reference_of(who: Visitor) -> str:
    """The reference in the heading of a referral's page."""
    found = re.search("DR-[0-9A-Z]+", who.page.get_by_role("heading", level=1).inner_text())
    assert found is not None
    return found[0]


def when_the_nurse_refers(nurse: Visitor, person: PersonOfNote) -> str:
    nurse.signs_in("ward-nurse")
    plans(nurse, person)
    nurse.follows("Refer to a council’s team").arrives("Refer to a council’s team")
    nurse.pictures("refer").presses("Continue").arrives("Refer to a council’s team")
    nurse.sees("There is a problem", "Say what support they will need")
    writes(nurse)
    nurse.arrives(ends("Check and send")).sees(NEEDS).pictures("refer-check")
    nurse.presses("Change something").arrives("Refer to a council’s team").presses("Continue")
    nurse.arrives(ends("Check and send")).presses("Send the referral")
    nurse.arrives(ends("not acknowledged yet")).sees("do not rely on it: ring")
    return reference_of(nurse)


def then_the_team_finds_it_on_top_and_acknowledges(
    worker: Visitor, person: PersonOfNote, reference: str
) -> None:
    worker.signs_in("social-worker").follows("Inbox").arrives("Inbox")
    worker.sees("Referrals to acknowledge", person.name).pictures("inbox")
    worker.follows(re.compile(f"^{re.escape(person.name)}"))
    worker.arrives(ends(f"{reference}: not acknowledged yet")).sees(NEEDS)
    worker.follows("Decline").arrives(ends("Decline the referral"))
    worker.presses("Decline the referral").arrives(ends("Decline the referral"))
    worker.sees("Select why your team cannot take this").follows("Stop here")
    worker.arrives(ends(f"{reference}: not acknowledged yet"))
    worker.follows("Acknowledge").arrives(ends("Acknowledge the referral"))
    worker.presses("Acknowledge the referral").arrives(ends(f"{reference}: acknowledged"))


def when_the_nurse_updates(nurse: Visitor, reference: str) -> None:
    nurse.follows("Update").arrives(ends("Update the referral"))
    nurse.types("What support will they need, and what has changed?", f"{NEEDS}; two carers")
    nurse.chooses("Yes, and they agree").presses("Update the referral")
    nurse.arrives(ends(f"{reference}: not acknowledged yet")).sees("two carers")


def test_a_protected_resident_is_not_referred_here(visit: Visit, as_login: AsLogin) -> None:
    nurse, person = visit(), note.PROTECTED
    with as_login("pipeline"):
        ward = Team.objects.get(code="RJ2-CEDAR")
        admitted = factories.relationship(
            Resident.objects.get(nhs_numbers__number=person.nhs_number),
            ward.organisation,
            ward,
            kind="admission",
        )
    nurse.signs_in("ward-nurse")
    plans(nurse, person)
    nurse.follows("Refer to a council’s team").arrives("Do not refer this person here")
    nurse.pictures("refer-protected")
    with as_login("pipeline"):
        admitted.delete()


def test_a_social_worker_reads_the_teams_inbox(visit: Visit, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        while make_due_notices():
            pass
    worker, person = visit(), note.IN_HOSPITAL
    worker.signs_in("social-worker").follows("Inbox").arrives("Inbox")
    worker.sees("Admitted to hospital", person.name, "from Lewisham and Greenwich NHS Trust")
    worker.follows("Left hospital").arrives("Inbox")
    worker.page.get_by_role("link", name="Admitted to hospital").click()
    worker.arrives("Inbox").pictures("inbox-notices")
    worker.presses("Mark all of these as seen").arrives("Inbox").sees("Admitted to hospital")
    assert worker.page.get_by_role("button", name="Mark all of these as seen").count() == 0
    worker.presses(re.compile(f"^Open record of {re.escape(person.name)}")).arrives(RECORD)
