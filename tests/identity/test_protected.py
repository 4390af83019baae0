"""One redaction: every field of every type is declared, and unknown words are kept back."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from identity.protected import (
    Known,
    NotDeclared,
    Redaction,
    is_protected,
    kind_of_organisation,
    kind_of_worker,
    may_say_where,
    of_protected,
)
from organisations.models import OrganisationKind

KNOWN = Known.of(["Elm Tree Surgery", "Queen Elizabeth Hospital", "Cedar ward"], ["G85001", "RJ2"])


@dataclass(frozen=True, slots=True)
class Letter:
    number: int
    words: str
    lines: tuple[str, ...]
    sent: str | None


def declared(**changed: object) -> type[Letter]:
    given = {"keep": ("number",), "empty": ("words", "lines", "sent"), **changed}
    return of_protected(**given)(Letter)  # type: ignore[arg-type]


def test_a_type_that_forgets_a_field_cannot_be_made() -> None:
    with pytest.raises(NotDeclared, match="Letter: say what becomes of sent"):
        declared(empty=("words", "lines"))
    with pytest.raises(NotDeclared, match="named twice"):
        declared(keep=("number", "sent"))
    with pytest.raises(NotDeclared, match="no_such"):
        declared(keep=("number", "no_such"))


def test_what_declares_nothing_is_not_shown_to_anybody() -> None:
    for protected in (True, False):
        with pytest.raises(NotDeclared, match="str does not say"):
            Redaction(protected=protected).of("words")


def test_what_is_declared_is_kept_emptied_or_made() -> None:
    declared(empty=("lines", "sent"), words=lambda letter, _known: f"letter {letter.number}")
    letter = Letter(1, "To Elm Tree Surgery", ("Elm Lane",), "by post")
    assert Redaction(protected=False).of(letter) is letter
    assert Redaction(protected=True).of(letter) == Letter(1, "letter 1", (), "")
    unsent = Redaction(protected=True).of(Letter(2, "", (), None))
    assert unsent.sent is None


@pytest.mark.parametrize("code", ["R", "V", "S", "", "u", "REDACTED"])
def test_any_code_but_u_protects(code: str) -> None:
    assert is_protected(code)
    assert not is_protected("U")


def test_every_kind_of_organisation_has_words_that_are_no_name() -> None:
    for kind in OrganisationKind:
        assert kind_of_organisation(kind).startswith(("A ", "An "))


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("Staff nurse, Cedar ward", "A nurse"),
        ("Nurse consultant", "A nurse"),
        ("GP partner at Elm Tree Surgery", "A GP"),
        ("Consultant cardiologist", "A doctor"),
        ("Social Worker (Elm team)", "A social worker"),
        ("Daughter", "A relative"),
        ("Team manager", "A manager"),
        ("Person at Elm Tree", "A worker"),
        ("", "A worker"),
    ],
)
def test_a_worker_is_a_kind_whatever_their_role_says(role: str, kind: str) -> None:
    assert kind_of_worker(role) == kind


@pytest.mark.parametrize(
    "words",
    [
        "Review at elm tree surgery.",
        "From RJ2",
        "Copy to G85001, please",
        "Moved to cedar  ward",
        "Lives in SE13 6LH",
        "se136lh",
        "Ring 020 7946 0999",
        "+44 20 7946 0999",
        "Now at 12 Acacia Avenue",
        "elm@example.org",
    ],
)
def test_words_that_name_a_place_are_seen(words: str) -> None:
    assert may_say_where(words, KNOWN)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "Metformin 500 mg modified-release tablets",
        "HbA1c (IFCC) 48 mmol/mol",
        "0.5 mg",
        "Elm pollen",
        "Queen bee sting",
        "B12 1000000000 units",
        "Vitamin D 800 unit / calcium 1.5 g",
    ],
)
def test_clinical_words_are_left_alone(words: str) -> None:
    assert not may_say_where(words, KNOWN)


#: What may make the values that pages are made of: where each goes through the redaction.
MAKERS = {
    "EntrySeen": {"records/selectors.py"},
    "DocumentPart": {"records/documents.py"},
    # What was kept had been through it, and is decided anew: no page is made of that.
    "Source": {"access/facts.py", "access/kept_facts.py"},
    "ResidentSeen": {"identity/selectors.py"},
    # The proof of effect counts what it opens, and shows nothing of it.
    "Opened": {"access/gate.py", "records/probing/walls.py"},
}


def test_only_selectors_make_what_pages_are_made_of() -> None:
    root = Path(settings.BASE_DIR)
    made: dict[str, set[str]] = {name: set() for name in MAKERS}
    for app in settings.INSTALLED_APPS:
        for path in (root / app.split(".")[0]).rglob("*.py"):
            for name in called_in(path):
                if name in made:
                    made[name].add(str(path.relative_to(root)))
    assert made == MAKERS


def called_in(path: Path) -> list[str]:
    """The names of what a module calls."""
    calls = (
        n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)
    )
    return [call.func.id for call in calls if isinstance(call.func, ast.Name)]
