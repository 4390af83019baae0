"""What a council sends of somebody who objects to its use of their NHS number: nothing is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from feeds import actions, loading
from feeds.boundary import Boundary, boundary_of, without
from feeds.models import Chunk, Delivery, ExtractRequest, HeldContent, Hold, StoppedCase
from identity.models import Resident, SourcePerson
from identity.sealed import unseal
from organisations.models import Feed
from records.models import Entry
from tests import factories
from tests.feeds.conftest import condition, ndjson, patient

OBJECTOR = factories.made_up_nhs_number(1)
OTHER = factories.made_up_nhs_number(2)


def someone(identifier: str, number: str, **changed: Any) -> dict[str, Any]:
    """A person of the council's, with a case number and an NHS number."""
    made = patient(identifier, **changed)
    made["identifier"][0]["value"] = number
    made["identifier"].append(
        {"system": "https://council.example/case", "value": f"C-{number[-5:]}"}
    )
    return made


def plan(identifier: str, person: str, words: str = "Home care") -> dict[str, Any]:
    """Something that a council says of a person."""
    return condition(identifier, person, code={"text": words})


@pytest.fixture
def council(database: object, as_login: Any) -> Feed:
    with as_login("pipeline"):
        body = factories.organisation("Council", kind="adult_social_care", code="LBX01")
        return factories.feed(body)


@pytest.fixture
def objects(council: Feed, as_login: Any) -> Any:
    """``objects()``: the resident of the first number objects; ``objects("consents")``: no more."""

    def say(answer: str = "refuses") -> Resident:
        with as_login("pipeline"):
            resident = Resident.objects.get(nhs_numbers__number=OBJECTOR)
            factories.choice(resident, "nhs-number", answer, council=council.organisation)
            return resident

    return say


def counts(report: Any) -> dict[str, int]:
    return {
        outcome: report.total(outcome)
        for outcome in ("loaded", "unchanged", "stopped", "held", "passed-over")
        if report.total(outcome)
    }


def raw(as_login: Any) -> bytes:
    """Everything that is kept of deliveries and of what was held, unsealed."""
    with as_login("pipeline"):
        chunks = [unseal(c.content, purpose="delivery") for c in Chunk.objects.order_by("id")]
        held = [unseal(h.raw, purpose="hold") for h in HeldContent.objects.all()]
    return b"".join([*chunks, *held])


def displays(as_login: Any) -> set[str]:
    with as_login("pipeline"):
        return set(Entry.objects.values_list("display", flat=True))


BEFORE = ndjson(
    someone("p1", OBJECTOR), plan("c1", "p1", "Before"), someone("p2", OTHER), plan("d1", "p2")
)
AFTER = ndjson(
    someone("p1", OBJECTOR, gender="unknown"),
    plan("c1", "p1", "Zzyzx changed"),
    plan("c2", "p1", "Zzyzx new"),
    plan("d2", "p2", "Of the other"),
)


def test_new_rows_are_stopped_counted_and_not_kept(
    council: Feed, deliver: Any, objects: Any, as_login: Any
) -> None:
    deliver(BEFORE, of=council)
    objects()
    report = deliver(AFTER, of=council)
    assert counts(report) == {"loaded": 1, "stopped": 3}
    assert report.read == 4
    assert displays(as_login) == {"Before", "Home care", "Of the other"}
    kept = raw(as_login)
    assert b"Zzyzx" not in kept
    assert b"Of the other" in kept
    assert BEFORE in kept  # what came before is withheld, and stays
    with as_login("pipeline"):
        assert SourcePerson.objects.get(identifier="Patient/p1").resident.sex == "female"
        assert Delivery.objects.exclude(stopped=[]).count() == 0


def test_without_the_objection_the_same_rows_are_loaded(
    council: Feed, deliver: Any, as_login: Any
) -> None:
    """So that the test above can fail."""
    deliver(BEFORE, of=council)
    assert counts(deliver(AFTER, of=council)) == {"loaded": 4}
    assert b"Zzyzx new" in raw(as_login)


def test_only_that_councils_rows_are_stopped(
    council: Feed, feed: Feed, deliver: Any, objects: Any, as_login: Any
) -> None:
    deliver(BEFORE, of=council)
    objects()
    with as_login("pipeline"):
        other = factories.feed(
            factories.organisation("Other council", kind="adult_social_care", code="LBY01")
        )
    theirs = ndjson(someone("p2", OTHER)) + AFTER
    assert counts(deliver(theirs, of=other)) == {"loaded": 5}
    assert counts(deliver(theirs, of=feed)) == {"loaded": 5}


def test_a_case_number_that_is_new_is_stopped_by_the_number_that_is_theirs(
    council: Feed, feed: Feed, deliver: Any, objects: Any, as_login: Any
) -> None:
    """In whatever order the rows come, and in later deliveries by the case number alone."""
    deliver(ndjson(someone("elsewhere", OBJECTOR)), of=feed)
    objects()
    early = deliver(ndjson(plan("c1", "new", "Zzyzx early")), of=council)
    assert counts(early) == {"held": 1}
    report = deliver(
        ndjson(plan("c2", "new", "Zzyzx before"), someone("new", OBJECTOR)), of=council
    )
    assert counts(report) == {"stopped": 2}
    with as_login("pipeline"):
        assert not Hold.objects.exists()
        assert not SourcePerson.objects.filter(source=council.organisation).exists()
        assert StoppedCase.objects.filter(identifier="Patient/new").exists()
    later = deliver(ndjson(plan("c3", "new", "Zzyzx later")), of=council)
    assert counts(later) == {"stopped": 1}
    assert b"Zzyzx" not in raw(as_login)


def test_the_case_number_holds_where_the_councils_own_ids_change(
    council: Feed, deliver: Any, objects: Any, as_login: Any
) -> None:
    deliver(BEFORE, of=council)
    objects()
    renamed = someone("renamed", OBJECTOR)
    del renamed["identifier"][0]  # no NHS number: the case number alone
    report = deliver(ndjson(renamed, plan("c9", "renamed", "Zzyzx")), of=council)
    assert counts(report) == {"stopped": 2}
    assert b"Zzyzx" not in raw(as_login)


def test_what_cannot_be_read_and_names_them_is_not_kept_either(
    council: Feed, deliver: Any, objects: Any, as_login: Any
) -> None:
    deliver(BEFORE, of=council)
    objects()
    broken = plan("c5", "p1", "Zzyzx broken")
    broken["onsetDateTime"] = "never"
    unmapped = {
        "resourceType": "Basic",
        "id": "b",
        "subject": {"reference": "Patient/p1"},
        "a": "Zzyzx",
    }
    number = f'{{"not json", "{OBJECTOR[:3]} {OBJECTOR[3:6]} {OBJECTOR[6:]}", "Zzyzx"\n'.encode()
    content = ndjson(broken, unmapped) + number + b'{"other fault": \n' + ndjson(plan("d3", "p2"))
    report = deliver(content, of=council)
    assert report.total("stopped") >= 2
    assert report.total("held") == 1
    kept = raw(as_login)
    assert b"Zzyzx" not in kept
    assert b"other fault" in kept


def of_no_kind(person: str) -> dict[str, Any]:
    """What is passed over: nothing is made of it, and its bytes lie in the delivery."""
    words = {"resourceType": "Basic", "id": "b", "words": "Zzyzx"}
    return {**words, "subject": {"reference": person}}


def test_what_is_passed_over_and_names_them_is_not_kept_either(
    council: Feed, deliver: Any, objects: Any, as_login: Any
) -> None:
    deliver(BEFORE, of=council)
    objects()
    theirs, others = of_no_kind("Patient/p1"), {**of_no_kind("Patient/p2"), "words": "of the other"}
    assert counts(deliver(ndjson(theirs, others), of=council)) == {"passed-over": 2}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": theirs}, {"resource": others}]}
    assert counts(deliver(json.dumps(bundle).encode(), of=council)) == {"passed-over": 2}
    deliver(json.dumps(theirs).encode(), of=council)
    deliver(json.dumps(others).encode(), of=council)
    kept = raw(as_login)
    assert b"Zzyzx" not in kept
    assert kept.count(b"of the other") == 3


def test_an_objection_while_a_batch_waits_stops_it(
    council: Feed, deliver: Any, give_in: Any, objects: Any, as_login: Any
) -> None:
    deliver(BEFORE, of=council)
    batch = give_in(AFTER, of=council)
    objects()
    with as_login("pipeline"):
        actions.load(batch.pk)
    assert b"Zzyzx" not in raw(as_login)


def test_a_worker_that_dies_before_the_cut_leaves_the_cutting_to_the_next(
    council: Feed, deliver: Any, give_in: Any, objects: Any, as_login: Any, monkeypatch: Any
) -> None:
    deliver(BEFORE, of=council)
    objects()
    batch = give_in(AFTER, of=council)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, as_login("pipeline"):
        patch.setattr(loading, "cut_out", dies)
        with pytest.raises(KeyboardInterrupt):
            actions.load(batch.pk)
    assert b"Zzyzx" in raw(as_login)
    with as_login("pipeline"):
        actions.load(batch.pk)
    assert b"Zzyzx" not in raw(as_login)
    assert displays(as_login) == {"Before", "Home care", "Of the other"}


def test_a_bundle_is_cut_entry_by_entry_and_another_form_is_not_kept_at_all(
    council: Feed, deliver: Any, objects: Any, as_login: Any
) -> None:
    deliver(BEFORE, of=council)
    objects()
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"resource": plan("c7", "p1", "Zzyzx")},
            {"resource": plan("d7", "p2", "Of the other")},
        ],
    }
    assert counts(deliver(json.dumps(bundle).encode(), of=council)) == {"loaded": 1, "stopped": 1}
    kept = raw(as_login)
    assert b"Zzyzx" not in kept
    assert b"Of the other" in kept
    inner = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": bundle}]}
    deliver(json.dumps(inner).encode(), of=council)
    assert b"Zzyzx" not in raw(as_login)


def test_words_that_only_look_like_a_case_number_let_a_row_stay() -> None:
    boundary = Boundary(1, identifiers={"Patient/p1": 7, "https://council.example/case|C-77": 7})
    assert boundary.mentions(b'{"reference":"Patient/p1"}')
    assert boundary.mentions(b'"value": "C-77"')
    for innocent in (b"Patient/p10", b"Patient/p1-2", b"C-778", b"xPatient/p1x"):
        assert not boundary.mentions(innocent)
    lines = b"a\nb\nc\n"
    assert without(lines, ["line 2", "line 3.entry[0]"], boundary) == b"a\n"
    assert without(b"<Bundle/>", ["entry[0]"], boundary) == b""


def test_the_boundary_is_empty_where_nobody_objects(
    council: Feed, feed: Feed, deliver: Any, as_login: Any
) -> None:
    deliver(BEFORE, of=council)
    with as_login("pipeline"):
        assert not boundary_of(council.organisation)
        assert not boundary_of(feed.organisation)


# ── The end of an objection ─────────────────────────────────────────────────────────────────


def test_the_end_of_an_objection_asks_for_a_full_extract(
    council: Feed, deliver: Any, objects: Any, as_login: Any
) -> None:
    deliver(BEFORE, of=council)
    with as_login("pipeline"):
        support = factories.membership(at=council.organisation, as_role="system-support")
        assert not ExtractRequest.objects.exists()
    objects()
    deliver(AFTER, of=council)
    objects("consents")
    with as_login("pipeline"):
        request = ExtractRequest.objects.get()
        assert request.source_id == council.organisation_id
    client = Client()
    client.force_login(support.staff)
    page = client.get(reverse("batches")).content.decode()
    assert "Full extracts asked for" in page
    assert "Council, since" in page
    deliver(ndjson(plan("d4", "p2")), of=council)
    with as_login("pipeline"):
        assert ExtractRequest.objects.get().answered is None
    report = deliver(AFTER, of=council)
    assert report.total("stopped") == 0
    assert "Zzyzx new" in displays(as_login)
    with as_login("pipeline"):
        assert ExtractRequest.objects.get().answered == report.batch
    assert "Full extracts asked for" not in client.get(reverse("batches")).content.decode()


def test_agreeing_where_nobody_objected_asks_for_nothing(
    council: Feed, deliver: Any, objects: Any, as_login: Any
) -> None:
    deliver(BEFORE, of=council)
    objects("consents")
    with as_login("pipeline"):
        assert not ExtractRequest.objects.exists()
