"""The letter that each choice is owed: made for one person, sealed, or held with the reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pikepdf
import psycopg
import pypdf
import pytest
from django.utils import timezone

from consent import letters
from consent.effects import VERSION, effect_of
from consent.letter_words import LetterContent
from consent.models import Choice, Letter
from consent.post import HeldBecause, LetterState
from consent.second_person import to_you
from consent.selectors import today
from consent.tasks import make_letters
from consent.vocabulary import Answer, DecidedBy, Kind, NotAskedReason, WithdrawnBecause
from identity.models import Trace
from identity.sealed import CannotBeOpened
from tests import factories
from tests.conftest import AsLogin
from tests.consent.conftest import World, acting, record
from tests.consent.letter_desk import Desk, words_of


@pytest.fixture
def desk(world: World, as_login: AsLogin) -> Desk:
    return Desk(world, as_login)


def pdf_of(letter: Letter, part: str = "pdf") -> bytes:
    return letters.unsealed(letter.public_id, part, getattr(letter, part))


def content_of(letter: Letter) -> LetterContent:
    return LetterContent.of_bytes(letters.unsealed(letter.public_id, "content", letter.content))


# ── Which choices are owed one ──────────────────────────────────────────────────────────────


def test_every_answer_is_owed_one_letter_by_the_desk_of_its_choice(desk: Desk) -> None:
    whole = desk.choose()
    council = desk.about_council(Kind.SOCIAL_CARE_SHARING)
    back = desk.choose(
        answer=Answer.WITHDRAWN, withdraws=whole.public_id, withdrawn_because=WithdrawnBecause.ASKED
    )
    with desk.as_login("pipeline"):
        owed = dict(Letter.objects.values_list("choice", "desk"))
    assert owed == dict.fromkeys((whole.pk, council.pk, back.pk), desk.world.bexley.pk)


def test_where_nobody_could_be_asked_nobody_is_written_to(desk: Desk) -> None:
    desk.choose(
        answer=Answer.NOT_ASKED,
        decided_by="",
        not_asked_reason=NotAskedReason.URGENT,
        identity_checked=(),
    )
    with desk.as_login("pipeline"):
        assert not Letter.objects.exists()


# ── What it says ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("answer", [Answer.REFUSES, Answer.CONSENTS])
def test_a_letter_says_what_stops_and_what_does_not(desk: Desk, kind: Kind, answer: Answer) -> None:
    desk.live_at()
    said: dict[str, Any] = {"kind": kind, "answer": answer}
    if kind != Kind.CONNECT_CARE:
        said["council"] = desk.world.bexley.pk
    choice = desk.choose(**said)
    # A council whose use of the number is refused is not told the address that came by it.
    letter = desk.made(choice)
    effect = effect_of(kind, answer, council=desk.world.bexley.name)
    for part in ("pdf", "large_pdf"):
        words = words_of(pdf_of(letter, part)).replace("• ", "")
        assert choice.reference in words
        assert "Ruth Carter" in words
        for sentence in (effect.says, *effect.does, *effect.keeps, *effect.limits):
            assert to_you(sentence) in words, sentence
    assert ("7 Canary Row" in words) == (letter.state == LetterState.READY)


def test_a_letter_is_one_persons(desk: Desk) -> None:
    desk.live_at()
    with desk.as_login("pipeline"):
        other = factories.resident("Zzyzxcanary", "Quillian", postcode="SE1 9ZZ")
    desk.live_at("99 Otherbird Walk", "Elsewhere", postcode="SE1 9ZZ", whose=other)
    first = desk.made(desk.choose())
    world = replace(desk.world, resident=other)
    second = desk.made(record(acting(world.adviser), world, explanation=VERSION))
    for letter, own, foreign in (
        (first, ("Ruth", "Carter", "7 Canary Row", "DA6 7AT"), ("Zzyzxcanary", "Otherbird")),
        (second, ("Quillian Zzyzxcanary", "99 Otherbird Walk"), ("Carter", "Canary Row")),
    ):
        for part in ("pdf", "large_pdf"):
            words = words_of(pdf_of(letter, part))
            assert all(word in words for word in own)
            assert not any(word in words for word in foreign)
        raw = bytes(letter.content) + bytes(letter.pdf) + bytes(letter.large_pdf)
        assert not any(word.encode() in raw for word in (*own, *foreign))
    with pytest.raises(CannotBeOpened):
        letters.unsealed(first.public_id, "pdf", second.pdf)


def test_a_pdf_says_what_each_part_of_it_is(desk: Desk) -> None:
    desk.live_at()
    letter = desk.made(desk.choose())
    for part in ("pdf", "large_pdf"):
        with pikepdf.open(BytesIO(pdf_of(letter, part))) as pdf:
            assert pdf.Root.MarkInfo.Marked
            assert str(pdf.Root.Lang).startswith("en")
            assert pdf.Root.ViewerPreferences.DisplayDocTitle
            with pdf.open_metadata() as metadata:
                assert metadata["pdfuaid:part"] == "1"
                assert metadata["dc:title"].startswith("What was recorded about your choice")
            tags = tags_of(pdf.Root.StructTreeRoot.K)
            assert tags.count("/H1") == 1
            assert tags.count("/H2") == len(content_of(letter).parts)
            assert tags.count("/LI") == tags.count("/LBody") > 5
            # Whatever is printed is tagged, or said to be the page's and not the letter's.
            for page in pdf.pages:
                assert page.StructParents is not None
                assert all_marked(page)


def tags_of(node: Any) -> list[str]:
    if isinstance(node, pikepdf.Array):
        return [tag for each in node for tag in tags_of(each)]
    if isinstance(node, pikepdf.Dictionary) and "/S" in node:
        return [str(node.S), *(tags_of(node.K) if "/K" in node else [])]
    return []


def all_marked(page: pikepdf.Page) -> bool:
    depth, shown = 0, 0
    for _operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) in {"BDC", "BMC"}:
            depth += 1
        elif str(operator) == "EMC":
            depth -= 1
        elif str(operator) in {"Tj", "TJ"}:
            shown += 1
            if depth == 0:
                return False
    return shown > 0


def test_large_print_is_large(desk: Desk) -> None:
    desk.live_at()
    letter = desk.made(desk.choose())
    assert smallest_print(pdf_of(letter, "large_pdf")) >= 18
    assert smallest_print(pdf_of(letter)) >= 10


def smallest_print(pdf: bytes) -> float:
    sizes: list[float] = []

    def seen(text: str, cm: Any, tm: Any, font: Any, size: float) -> None:
        if text.strip():
            sizes.append(abs(size * tm[3] * cm[3]))

    for page in pypdf.PdfReader(BytesIO(pdf)).pages:
        page.extract_text(visitor_text=seen)
    return round(min(sizes), 1)


def test_what_was_typed_is_text_and_never_markup(desk: Desk) -> None:
    desk.live_at("#panic()", "*Flat* $1$ <a>")
    desk.change(family_name="O'Brien-#let _x_")
    words = words_of(pdf_of(desk.made(desk.choose())))
    assert "#panic()" in words
    assert "*Flat* $1$ <a>" in words
    assert "O'Brien-#let _x_" in words


def test_the_public_forms_letter_says_what_to_do_if_it_was_not_you(desk: Desk) -> None:
    desk.live_at()
    with desk.as_login("pipeline"):
        desk.world.trust.phone = "020 7946 0123"
        desk.world.trust.save()
    choice = desk.ask_on_the_public_form()
    words = words_of(pdf_of(desk.made(choice)))
    assert (
        "If this was not you, ring Lewisham and Greenwich NHS Trust on 020 7946 0123, and we will"
    ) in words
    assert "If this was not you" not in words_of(pdf_of(desk.made(desk.choose())))


def test_a_parents_letter_names_the_child_and_speaks_to_the_parent(desk: Desk) -> None:
    desk.live_at()
    desk.change(birth_date=date(today().year - 10, 1, 1))
    letter = desk.made(
        desk.choose(
            decided_by=DecidedBy.PARENT, decider_name="Anna Carter", authority_seen="birth cert"
        )
    )
    words = words_of(pdf_of(letter))
    assert "The parent or guardian of Ruth Carter" in words
    assert "It was decided by somebody with parental responsibility" in words
    assert "Anna" not in words
    assert "Your Connect Care record" not in words


def test_what_starts_later_says_when(desk: Desk) -> None:
    desk.live_at()
    letter = desk.made(desk.choose(effective_from=timezone.now() + timedelta(days=40)))
    assert "It holds from" in words_of(pdf_of(letter))


# ── Held ────────────────────────────────────────────────────────────────────────────────────


def held(desk: Desk, choice: Choice) -> str:
    letter = desk.made(choice)
    assert letter.state == LetterState.HELD
    return letter.held_because


def test_a_protected_address_holds_a_letter(desk: Desk) -> None:
    desk.live_at()
    desk.change(protection="R")
    assert held(desk, desk.choose()) == HeldBecause.PROTECTED


def test_a_death_holds_a_letter(desk: Desk) -> None:
    desk.live_at()
    choice = desk.choose()
    desk.change(deceased=True)
    assert held(desk, choice) == HeldBecause.DIED


def test_post_that_is_not_safe_holds_a_letter(desk: Desk) -> None:
    desk.live_at()
    choice = desk.choose()
    desk.note("do-not-send", "others-read")
    assert held(desk, choice) == HeldBecause.POST_UNSAFE
    desk.note("standard")
    assert desk.made(choice).state == LetterState.READY


def test_whose_address_nobody_has_verified_is_traced_for_the_letter(desk: Desk) -> None:
    with desk.as_login("pipeline"):
        practice = factories.organisation("A practice", kind="gp_practice", code="Y99977")
        known = factories.source_person(desk.world.resident, practice)
    desk.made(desk.choose())
    desk.made(desk.choose(answer=Answer.CONSENTS))
    with desk.as_login("pipeline"):
        trace = Trace.objects.get()
    assert (trace.source_person_id, trace.why) == (known.pk, "address")


def test_without_a_verified_address_a_letter_is_held_and_can_be_given_by_hand(desk: Desk) -> None:
    choice = desk.choose()
    letter = desk.made(choice)
    assert (letter.state, letter.held_because) == (LetterState.HELD, HeldBecause.NO_ADDRESS)
    assert content_of(letter).address == ()
    # The place that a source sent is not a verified one.
    assert "1 Sample Street" not in words_of(pdf_of(letter))
    desk.live_at()
    assert desk.made(choice).state == LetterState.READY


def test_a_council_that_may_not_use_the_number_is_not_told_the_address(desk: Desk) -> None:
    desk.live_at()
    letter = desk.made(desk.about_council(Kind.NHS_NUMBER))
    assert letter.held_because == HeldBecause.OWN_ADDRESS
    assert "7 Canary Row" not in words_of(pdf_of(letter))


def test_words_that_are_no_longer_kept_are_not_replaced_by_others(desk: Desk, run_sql: Any) -> None:
    desk.live_at()
    choice = desk.choose(explanation="2019-01-01.1")
    letter = desk.made(choice)
    assert letter.held_because == HeldBecause.OLD_WORDS
    assert letter.content is None
    assert desk.made(choice).held_because == HeldBecause.OLD_WORDS
    events = run_sql("admin").execute(
        "select outcome, reason, resident_id from audit_event where action = 'letter-made'"
    )
    assert events.fetchall() == [("held", "old-words", desk.world.resident.pk)]


def test_a_name_that_cannot_be_printed_is_held_and_not_said(
    desk: Desk, run_sql: Any, caplog: pytest.LogCaptureFixture
) -> None:
    desk.live_at()
    desk.change(family_name="\u0ba4\u0bae\u0bbf\u0bb4\u0bcd")
    choice = desk.choose()
    for _ in range(2):
        letter = desk.made(choice)
        assert letter.held_because == HeldBecause.UNPRINTABLE
        assert (letter.content, letter.pdf, letter.made_for) == (None, None, None)
    made = run_sql("admin").execute("select reason from audit_event where action = 'letter-made'")
    assert made.fetchall() == [("unprintable",)]
    assert not caplog.records
    desk.change(family_name="Nguyễn-Żółć")
    assert "Nguyễn-Żółć" in words_of(pdf_of(desk.made(choice)))


def test_what_was_made_goes_when_it_may_not_be_posted_any_more(desk: Desk) -> None:
    desk.live_at()
    choice = desk.choose()
    assert desk.made(choice).state == LetterState.READY
    desk.change(protection="V")
    letter = desk.made(choice)
    assert letter.held_because == HeldBecause.PROTECTED
    assert (letter.content, letter.pdf, letter.large_pdf, letter.made_for) == (None,) * 4


def test_a_new_address_makes_a_letter_anew(desk: Desk) -> None:
    desk.live_at()
    choice = desk.choose()
    first = desk.made(choice)
    assert desk.made(choice).made == first.made
    desk.live_at("8 Newer Street", "Bexley", postcode="DA5 1AA")
    second = desk.made(choice)
    assert "8 Newer Street" in words_of(pdf_of(second))
    assert "7 Canary Row" not in words_of(pdf_of(second))


# ── The job ─────────────────────────────────────────────────────────────────────────────────


def test_the_task_makes_what_is_owed_and_one_failure_does_not_keep_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk.live_at()
    broken, good = desk.choose(), desk.about_council(Kind.SOCIAL_CARE_SHARING)
    real = letters.as_pdf

    def fails(content: LetterContent, *, large_print: bool) -> bytes:
        if content.reference == broken.reference:
            raise ValueError("Ruth Carter of 7 Canary Row")
        return real(content, large_print=large_print)

    monkeypatch.setattr(letters, "as_pdf", fails)
    with desk.as_login("pipeline"):
        make_letters()
        states = dict(Letter.objects.values_list("choice", "state"))
    assert states == {broken.pk: "to-make", good.pk: "ready"}
    assert "ValueError" in caplog.text
    assert "Carter" not in caplog.text
    monkeypatch.setattr(letters, "as_pdf", real)
    with desk.as_login("pipeline"):
        make_letters()
        assert Letter.objects.get(choice=broken).state == "ready"


def test_two_workers_make_one_letter(desk: Desk, run_sql: Any) -> None:
    desk.live_at()
    choice = desk.choose()
    other = run_sql("pipeline")
    with desk.as_login("pipeline"):
        letter = Letter.objects.get(choice=choice)
        other.execute("select from consent_letter where id = %s for update", [letter.pk])
        assert letters.look_at(letter.pk) is None
        other.rollback()
        assert letters.look_at(letter.pk) == LetterState.READY


def test_the_web_reaches_neither_table(desk: Desk, run_sql: Any) -> None:
    for table in ("consent_letter", "consent_postnote", "identity_verifiedaddress"):
        web = run_sql("web")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute(f"select from {table}")
        web.rollback()
