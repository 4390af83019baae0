"""The documents name what is there: tests, files, decisions, variables, people to sign in as."""

from __future__ import annotations

import ast
import itertools
import re
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from connectcare.demo import PASSWORD, PEOPLE, DemoPerson
from connectcare.environment import Environment, Login
from feeds.formats import fhir_r4
from feeds.mapped import Held, Mapped
from organisations.configuration import DEMO
from organisations.shipped import PARTICIPANTS, ROLES
from region.organisations import DEFAULT_ORGANISATIONS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")],
    key=str,
)
README, HAZARDS = ROOT / "README.md", ROOT / "HAZARDS.md"

_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def prose(document: Path) -> str:
    """The document without its blocks of code, which hold no links."""
    return _FENCED.sub("", document.read_text(encoding="utf-8"))


def links(document: Path) -> Iterator[tuple[str, str]]:
    """The words and the target of each link that leads to a place in the project."""
    for words, target in _LINK.findall(prose(document)):
        if not re.match(r"[a-z]+:", target):
            yield words.strip("`"), target


@cache
def named_tests(path: Path) -> frozenset[str]:
    """The tests of a file, as ``test_name`` or ``TestClass::test_name``."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        for each in inside:
            if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
                found.add(f"{prefix}{each.name}")
    return frozenset(found)


@cache
def anchors(document: Path) -> frozenset[str]:
    """The anchors that a document's headings have where it is read."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return frozenset(
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    )


def rows(document: Path, heading: str) -> list[list[str]]:
    """The cells of the table that has this as its first heading, without its two top lines."""
    lines = document.read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    body = itertools.takewhile(lambda line: line.startswith("|"), lines[start + 2 :])
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body]


def test_the_documents_are_there() -> None:
    names = {document.relative_to(ROOT).as_posix() for document in DOCUMENTS}
    assert names >= {
        "README.md",
        "CONTRIBUTING.md",
        "THREAT_MODEL.md",
        "HAZARDS.md",
        "docs/adr/README.md",
        "docs/deployment.md",
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    lost = []
    for _, target in links(document):
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        if not path.exists() or (anchor and anchor not in anchors(path)):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_is_named_exists(document: Path) -> None:
    lost = []
    for words, target in links(document):
        if re.search(r"\btest_\w+$", words) and target.endswith(".py"):
            path = (document.parent / target).resolve()
            if not path.exists() or words not in named_tests(path):
                lost.append(f"{target}::{words}")
    assert lost == []


_PATH = re.compile(r"`([\w./-]+/[\w.-]+\.(?:py|sql|md|jinja|toml|yml))`")


def test_every_path_that_is_named_exists() -> None:
    """``access/rules.py`` in running text is a promise like a link."""
    lost = [
        f"{document.name}: {path}"
        for document in DOCUMENTS
        for path in _PATH.findall(prose(document))
        if not (ROOT / path).exists() and not (document.parent / path).exists()
    ]
    assert lost == []


# ── Hazards ─────────────────────────────────────────────────────────────────────────────────

LIKELIHOODS = ("Very high", "High", "Medium", "Low", "Very low")
FEWEST_HAZARDS = 15


def matrix() -> dict[tuple[str, str], int]:
    """The rating of each likelihood and severity, as the document has it."""
    lines = HAZARDS.read_text(encoding="utf-8").splitlines()
    heading = next(line for line in lines if line.startswith("| Likelihood |"))
    severities = [cell.strip() for cell in heading.strip("|").split("|")][1:]
    return {
        (likelihood, severity): int(rating)
        for likelihood, *ratings in rows(HAZARDS, "Likelihood")
        for severity, rating in zip(severities, ratings, strict=True)
    }


def hazards() -> dict[str, str]:
    """The text of each hazard by its id."""
    parts = re.split(r"^### (H-\d\d) ", prose(HAZARDS), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_list_of_hazards_and_their_texts_agree() -> None:
    listed = [cells[0] for cells in rows(HAZARDS, "Id")]
    texts = hazards()
    assert len(listed) >= FEWEST_HAZARDS
    assert listed == list(texts) == [f"H-{n:02}" for n in range(1, len(listed) + 1)]
    for identifier, name, *_ in rows(HAZARDS, "Id"):
        assert texts[identifier].startswith(f"{name}\n"), identifier


def test_every_hazard_says_what_it_is_and_has_controls_with_tests() -> None:
    for identifier, text in hazards().items():
        for part in ("Cause", "Effect", "Harm", "Controls", "Not yet"):
            assert f"**{part}.**" in text, (identifier, part)
        controls = text.partition("**Controls.**")[2].partition("**Not yet.**")[0]
        lines = [line for line in re.split(r"^- ", controls, flags=re.MULTILINE)[1:] if line]
        assert lines, identifier
        for line in lines:
            tested = [words for words, target in _LINK.findall(line) if target.startswith("tests/")]
            assert tested, f"{identifier}: a control without a test: {line.strip()[:70]}"


def test_every_rating_is_the_matrixs_and_controls_never_raise_one() -> None:
    rated = matrix()
    assert {likelihood for likelihood, _ in rated} == set(LIKELIHOODS)
    for identifier, _, *scores, _owner, status in rows(HAZARDS, "Id"):
        ratings = []
        for score in scores:
            likelihood, severity, rating = re.fullmatch(r"(.+) × (\w+) = (\d)", score).groups()
            assert rated[likelihood, severity] == int(rating), (identifier, score)
            ratings.append(int(rating))
        before, after = ratings
        assert after <= before, identifier
        assert status in {"Controlled", "Controlled in part", "Open"}, identifier


# ── Decisions ───────────────────────────────────────────────────────────────────────────────


def test_every_decision_is_in_the_index_under_its_own_title() -> None:
    index = {target: words for words, target in links(ROOT / "docs/adr/README.md")}
    decisions = {path.name: path for path in (ROOT / "docs/adr").glob("[0-9]*.md")}
    assert set(decisions) == {target for target in index if re.match(r"\d", target)}
    for name, path in decisions.items():
        number, title = re.match(r"# (\d+)\. (.+)", path.read_text(encoding="utf-8")).groups()
        assert name.startswith(f"{int(number):04}-")
        assert index[name] == f"{number}. {title}"


# ── README ──────────────────────────────────────────────────────────────────────────────────


def names_of_organisations() -> dict[str, str]:
    """The name of each organisation of the demo by its code."""
    practices = {each.code: each.name for each in DEFAULT_ORGANISATIONS.practices}
    participants = {each.code or DEMO[each.key].code: each.name for each in PARTICIPANTS}
    return practices | participants


def as_row(person: DemoPerson) -> list[str]:
    roles = {role.code: role.name for role in ROLES}
    organisations = names_of_organisations()
    return [
        f"`{person.username}`",
        person.name,
        "; ".join(
            f"{roles[each.role]}, {organisations[each.organisation]}" for each in person.memberships
        ),
        person.shows,
    ]


def test_the_sign_in_table_is_the_demos() -> None:
    assert rows(README, "Sign in as") == [as_row(person) for person in PEOPLE]
    assert f"`{PASSWORD}`" in prose(README)


def test_the_map_names_every_package_and_nothing_that_is_gone() -> None:
    named = {cells[0].strip("`/") for cells in rows(README, "Folder")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages | {"templates", "tests", "docs", "bin", "deploy"} <= named
    assert {name for name in named if not (ROOT / name).is_dir()} == set()


def test_the_table_of_variables_is_what_the_settings_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()
    text = Environment.text

    def reading(self: Environment, name: str, *rest: object, **options: object) -> str:
        read.add(name)
        return text(self, name, *rest, **options)

    monkeypatch.setattr(Environment, "text", reading)
    runpy.run_path(str(ROOT / "connectcare" / "settings.py"))
    of_logins = {f"DATABASE_{login.upper()}_URL" for login in Login}
    assert read & of_logins, "the settings read the address of their login"
    table = [
        name for cells in rows(README, "Variable") for name in re.findall(r"`(\w+)`", cells[0])
    ]
    assert len(table) == len(set(table))
    assert set(table) == read | of_logins


def test_the_example_delivery_is_what_the_readme_says_of_it() -> None:
    """Five of six are loaded; the sixth names a person whom the file does not have."""
    example = ROOT / "docs" / "examples" / "new-resident.ndjson"
    with example.open("rb") as content:
        items = list(fhir_r4.read(content, name=example.name, source_kind="gp_practice"))
    assert not any(isinstance(item.outcome, Held) for item in items)
    mapped = [item.outcome for item in items if isinstance(item.outcome, Mapped)]
    (person,) = (each.person for each in mapped if each.person is not None)
    assert (person.family_name, person.nhs_number) == ("Example", "9990009015")
    assert person.nhs_number[:3] == "999"
    assert person.practice_code == "Y99901"
