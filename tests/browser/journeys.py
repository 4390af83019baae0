"""What several stories have in common: a delivery given in, a choice recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from playwright.sync_api import expect

from consent.effects import Effect, effect_of
from feeds.formats import FORMATS
from region.people_of_note import PersonOfNote
from tests.browser.deliveries import HELD, LOADED, PRACTICE_NAME, READ, NewPerson
from tests.browser.visitor import Visitor

#: A public form that is sent in less is shown once more (``public.views_form``).
FASTEST = 5_000
REFERENCE = re.compile(r"CC-[0-9A-Z]{4,}")
CONNECT_CARE = "Connect Care as a whole"
SOCIAL_CARE = "Sharing social care information"
HEARD_IT = "No, I heard it from the person whose decision it is"


def give_in(support: Visitor, name: str, content: bytes) -> None:
    """Give a file in as the practice's, up to the page that tells of its loading."""
    support.opens("/deliveries").arrives("Deliveries").presses("Give in a delivery")
    support.arrives("Give in a delivery")
    support.page.get_by_label("Who sent it").select_option(
        label=f"{PRACTICE_NAME}: {FORMATS['fhir-r4'].words}"
    )
    support.page.locator("input[type=file][name=contents]").set_input_files(
        [{"name": name, "mimeType": "application/x-ndjson", "buffer": content}]
    )
    support.presses("Give in and load")


def look_until_loaded(support: Visitor) -> None:
    """Where no script follows the loading: ask for the page again, by its own link."""
    link = support.page.get_by_role("link", name="See how far it is now")
    for _ in range(100):
        # Else the page before, which has no such link, is taken for one that says it is loaded.
        expect(support.page.get_by_role("heading", level=1)).to_contain_text("Delivery from")
        if not link.count():
            break
        link.click()
        support.page.wait_for_timeout(200)


def watch_it_load(support: Visitor) -> None:
    """Wait for the worker, and compare the counts."""
    expect(support.page.get_by_role("heading", level=1)).to_contain_text("Delivery from")
    expect(support.page.locator("#batch .nhsuk-tag")).to_have_text("Loaded")
    for label, count in (
        ("Items read", READ), ("Loaded", LOADED), ("Unchanged", 0), ("Held", HELD)
    ):  # fmt: skip
        row = support.page.locator(".nhsuk-summary-list__row").filter(
            has=support.page.locator("dt").get_by_text(label, exact=True)
        )
        expect(row.last.locator("dd")).to_have_text(str(count))
    support.arrives(re.compile("^Delivery from"))


def begin_choice(recorder: Visitor, banner: str, about: str) -> None:
    """From the search's result to the journey's first question about one kind of choice."""
    recorder.follows(f"Choices about sharing of {banner}").arrives("Choices about sharing")
    recorder.presses(f"Record what they say about: {about}")


@dataclass(frozen=True)
class Says:
    """What somebody says of themselves when they are asked who they are."""

    family: str
    given: str
    born: date
    number: str

    @classmethod
    def of(cls, person: NewPerson | PersonOfNote) -> Says:
        """What this person would say."""
        if isinstance(person, NewPerson):
            return cls(person.family, person.given, person.born, person.number)
        return cls(person.family, person.given[0], person.birth_date, person.nhs_number)


def say_who(recorder: Visitor, who: NewPerson | PersonOfNote) -> None:
    """Give three details, which are compared and shown nowhere."""
    says = Says.of(who)
    recorder.arrives("Who are they?").sees_nothing_of(says.number, says.born.strftime("%b-%Y"))
    recorder.types("Family name", says.family).types("Given name", says.given)
    recorder.types("Day", str(says.born.day)).types("Month", str(says.born.month))
    recorder.types("Year", str(says.born.year)).types("NHS number", says.number)
    recorder.presses("Continue")


def answer_all(
    recorder: Visitor,
    question: str,
    answer: str,
    who: NewPerson | PersonOfNote,
    *,
    relayed_by: str = "",
    known: bool = False,
) -> None:
    """Answer the journey's questions, up to the page that is read back.

    ``known``: who they are was checked in this call already, and is not asked again.
    """
    recorder.arrives(question).chooses(answer).presses("Continue")
    if not known:
        say_who(recorder, who)
    recorder.arrives("Whose decision is it?").chooses("The resident").presses("Continue")
    recorder.arrives("Did someone else pass this on?")
    if relayed_by:
        recorder.chooses("A relative or friend").presses("Continue")
        recorder.arrives("What is the name of who passed it on?")
        recorder.types("What is the name of who passed it on?", relayed_by)
    else:
        recorder.chooses(HEARD_IT)
    recorder.presses("Continue")
    recorder.arrives("How did they tell you?").chooses("Phone").presses("Continue")
    recorder.arrives("Read back and confirm")


def assert_read_back(recorder: Visitor, kind: str, answer: str, *, council: str = "") -> Effect:
    """Every sentence of the effect stands there to be read out."""
    effect = effect_of(kind, answer, council=council)
    said = recorder.page.locator(".app-read-back")
    for sentence in (
        effect.says, *effect.does, effect.for_whom, effect.from_when, *effect.keeps,
        *effect.limits, effect.talk_to,
    ):  # fmt: skip
        expect(said).to_contain_text(sentence)
    return effect


def confirm(recorder: Visitor) -> str:
    """Confirm, and return the reference number."""
    recorder.presses("Confirm and record").arrives("Choice recorded")
    found = REFERENCE.search(recorder.page.locator(".nhsuk-panel").inner_text())
    assert found is not None
    return found[0]


def find(who: Visitor, person: PersonOfNote) -> None:
    """Search for a person of note by name and date of birth."""
    who.finds(
        person.name,
        family=person.family,
        born=person.birth_date,
        given=" ".join(person.given),
    )
