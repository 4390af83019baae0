"""Loading the registry: the ten, the roles, the agreements, the practices; and again."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from organisations import actions
from organisations.activities import Activity
from organisations.categories import Category
from organisations.configuration import DEMO, ConfigurationError, check, read
from organisations.models import Feed, GroupMembership, Organisation, Role, SharingAgreement
from organisations.periods import State
from organisations.shipped import PARTICIPANTS
from tests.organisations.test_ods_files import row

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "registry.example.toml"


def load(**options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("load_registry", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def practices(tmp_path: Path) -> dict[str, Path]:
    rows = [
        row(code="G83001", name="ONE"),
        row(code="G83002", name="TWO", status="C", closed="20200331"),
        row(code="G83003", name="THREE", status="?"),
        row(code="A81001", name="ELSEWHERE"),
    ]
    (tmp_path / "practices.csv").write_text("\n".join(rows))
    (tmp_path / "membership.csv").write_text(
        "ods_code,borough\nG83001,Bexley\nG83002,Bexley\nG83003,Bexley\nG89999,Bexley\n"
    )
    return {
        "practices": tmp_path / "practices.csv",
        "membership": tmp_path / "membership.csv",
    }


def changes_audited(run_sql: Any) -> int:
    count = run_sql("backup").execute(
        "select count(*) from audit_event where action = 'registry-changed'"
    )
    return int(count.fetchone()[0])


def test_the_ten_take_part_and_share_with_each_other(database, as_login) -> None:
    with as_login("pipeline"):
        load()
    names = list(Organisation.objects.filter(participates=True).values_list("name", flat=True))
    assert sorted(names) == sorted(participant.name for participant in PARTICIPANTS)
    assert len(names) == 10
    agreements = SharingAgreement.objects.current()
    assert agreements.count() == 10 * 9
    for agreement in agreements:
        assert set(agreement.categories) == set(Category) - {Category.SAFEGUARDING}
    groups = Organisation.objects.filter(kind="group")
    assert groups.count() == 3
    assert not Feed.objects.filter(organisation__in=groups).exists()
    assert Feed.objects.count() == 7


def test_what_roles_read_and_may_do(database, as_login) -> None:
    with as_login("pipeline"):
        load()
    roles = {role.code: role for role in Role.objects.current()}
    nothing_clinical = {
        "student",
        "admin-support",
        "receptionist",
        "contact-centre-adviser",
        "records-officer",
        "privacy-officer",
        "caldicott-guardian",
        "organisation-administrator",
        "registry-administrator",
        "source-system",
        "system-support",
    }
    for code, role in roles.items():
        assert Category.SAFEGUARDING not in role.categories
        assert (role.categories == []) == (code in nothing_clinical), code
        reads = Activity.READ_RECORDS in role.activities
        assert reads == bool(role.categories), code
    social_worker = set(roles["social-worker"].categories)
    assert not social_worker & {Category.LAB_RESULTS, Category.IMAGING}
    assert set(roles["contact-centre-adviser"].activities) == {
        Activity.FIND_RESIDENTS,
        Activity.RECORD_CHOICES,
        Activity.SEND_LETTERS,
        Activity.GIVE_NUMBERS,
    }
    assert set(roles["records-officer"].activities) == {
        Activity.FIND_RESIDENTS,
        Activity.GIVE_NUMBERS,
        Activity.RESOLVE_IDENTITY,
    }


def test_practices_are_members_of_their_group(database, as_login, practices) -> None:
    with as_login("pipeline"):
        out, err = load(**practices)
    one, two = (Organisation.objects.get(ods_code=code) for code in ("G83001", "G83002"))
    assert one.is_current()
    assert not two.is_current()
    assert two.state == State.ENDED
    assert two.valid_until == datetime(2020, 3, 31, 23, tzinfo=UTC)  # midnight, British summer
    group = Organisation.objects.get(name="Bexley GP Practices")
    members = GroupMembership.objects.current().filter(group=group)
    assert [membership.member for membership in members] == [one]
    assert Feed.objects.filter(organisation=one).exists()
    assert not Feed.objects.filter(organisation=two).exists()
    assert not Organisation.objects.filter(ods_code__in=["G83003", "A81001"]).exists()
    assert "Practices, not in the membership file: 1" in out
    assert "Practices, in the membership file only: 2" in out
    assert "Skipped line 3 of the practices file: the status is none of A, C, D, P." in err
    assert "1 rows of the practices file were skipped." in err


def test_loading_again_changes_nothing(database, as_login, practices, run_sql) -> None:
    with as_login("pipeline"):
        first = load(**practices)
        before = changes_audited(run_sql)
        assert before > 100
        second = load(**practices)
        assert changes_audited(run_sql) == before
    assert first == second


def test_loading_again_keeps_what_a_role_reads_and_where_somebody_is_rung(
    database, as_login
) -> None:
    """Two people decided the one, the organisation the other; and it is said what differs."""
    with as_login("pipeline"):
        _out, err = load()
        assert err == ""
        Role.objects.filter(code="nurse").update(categories=[1, 16], name="Ward nurse")
        Organisation.objects.filter(ods_code="RBG01").update(duty_phone="020 7946 0999")
        _out, err = load()
    nurse = Role.objects.get(code="nurse")
    assert (nurse.categories, nurse.name) == ([1, 16], "Nurse")
    assert err.startswith("Nurse: reads or may do other than what is shipped")
    assert err.count("\n") == 1
    council = Organisation.objects.get(ods_code="RBG01")
    assert (council.duty_phone, council.phone) == ("020 7946 0999", "020 7946 0202")


def test_loading_again_keeps_what_a_person_decided(database, as_login, practices) -> None:
    with as_login("pipeline"):
        load(**practices)
        ended = SharingAgreement.objects.first()
        assert ended is not None
        ended.state = State.ENDED
        ended.save()
        Organisation.objects.filter(ods_code="G83001").update(state=State.SUSPENDED)
        Feed.objects.filter(organisation__ods_code="RJ2").update(state=State.SUSPENDED)
        load(**practices)
    again = SharingAgreement.objects.filter(source=ended.source, recipient=ended.recipient)
    assert [agreement.state for agreement in again] == [State.ENDED]
    assert not Organisation.objects.get(ods_code="G83001").is_current()
    assert not Feed.objects.get(organisation__ods_code="RJ2").is_current()


def test_a_practice_that_closes_leaves_its_group(database, as_login, practices) -> None:
    with as_login("pipeline"):
        load(**practices)
        practices["practices"].write_text(
            row(code="G83001", name="ONE", status="C", closed="20250930")
        )
        load(**practices)
    one = Organisation.objects.get(ods_code="G83001")
    assert not one.is_current()
    assert not one.member_of.current().exists()


def test_a_practice_that_changes_group_has_one(database, as_login, practices) -> None:
    with as_login("pipeline"):
        load(**practices)
        practices["membership"].write_text("ods_code,group\nG83001,Lewisham GP Practices\n")
        load(**practices)
    one = Organisation.objects.get(ods_code="G83001")
    assert [each.group.area for each in one.member_of.current()] == ["Lewisham"]
    assert one.member_of.count() == 2


def test_a_group_that_is_not_there_is_named(database, as_login, practices) -> None:
    practices["membership"].write_text("ods_code,group\nG83001,Atlantis\n")
    with as_login("pipeline"), pytest.raises(CommandError, match="Atlantis"):
        load(**practices)
    assert not Organisation.objects.exists()


def test_the_options_go_together(database, as_login, practices) -> None:
    with as_login("pipeline"), pytest.raises(CommandError, match="together"):
        load(practices=practices["practices"])


def test_a_file_that_is_not_there_is_said_plainly(database, as_login, tmp_path) -> None:
    with as_login("pipeline"), pytest.raises(CommandError, match="cannot be read"):
        load(config=tmp_path / "absent.toml")


def test_production_needs_the_configuration(database, as_login, settings) -> None:
    settings.PROFILE = "production"
    with as_login("pipeline"), pytest.raises(CommandError, match="--config"):
        load()


def test_the_example_is_what_the_demo_uses() -> None:
    assert read(EXAMPLE) == DEMO


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not toml", "not a TOML file"),
        ("x = 1", r"no table \[organisations"),
        ("[organisations.atlantis]\n", "No such organisation: atlantis"),
        ("[organisations.oxleas]\nfax = '1'", "No such setting"),
        ("[organisations.oxleas]\ncode = 1", "table of texts"),
        ("[organisations.seldoc]\ncode = 'SEL01'", "Give the code of"),
    ],
)
def test_a_wrong_configuration_says_what_to_do(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "registry.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        read(file)


def test_a_code_that_is_no_ods_code_is_refused() -> None:
    wrong = {**DEMO, "seldoc": type(DEMO["seldoc"])(code="sel 01")}
    with pytest.raises(ConfigurationError, match="1 to 10 capital letters"):
        check(wrong)


def test_the_web_login_may_not_write_the_registry(database) -> None:
    with pytest.raises(Exception, match="permission denied"):
        actions.enter_organisation(by=None, code="ABC", name="Mine", kind="nhs_trust")
