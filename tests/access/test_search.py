"""Finding a resident at the gate: who is found by what, how often, and by which index."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from access.acting import Acting
from access.glimpses import Found, Outcome, Search, find
from audit.models import Event
from identity.merging import MergeOutcome, merge, separate
from identity.models import Cause, Resident, WhySeparated
from identity.nhs_number import NhsNumber
from identity.selectors import residents
from organisations.models import Organisation
from tests import factories
from tests.conftest import AsLogin

BORN = date(1941, 4, 3)
SWAPPED = date(1941, 3, 4)


@dataclass
class Finders:
    """Who searches: a nurse of a trust, and an adviser of a council."""

    trust: Organisation
    council: Organisation
    nurse: Acting
    adviser: Acting


@pytest.fixture
def finders(database: dict[str, str], as_login: AsLogin) -> Finders:
    with as_login("pipeline"):
        trust = factories.organisation("Test trust")
        council = factories.organisation("Test council", kind="adult_social_care")
        return Finders(
            trust,
            council,
            Acting.of(factories.membership(at=trust, as_role="nurse")),
            Acting.of(factories.membership(at=council, as_role="contact-centre-adviser")),
        )


def number(digits: str) -> Search:
    return Search(nhs_number=NhsNumber.parse(digits, test_ranges=True))


def name(family: str = "Carter", born: date = BORN, **narrowed: str) -> Search:
    return Search(family_name=family, birth_date=born, **narrowed)


def found(by: Acting, search: Search) -> list[int]:
    with transaction.atomic():
        answer = find(by, search, request_id=str(uuid4()))
        assert answer.outcome is Outcome.FOUND
        return list(answer.residents)


def opted_out(whose: Resident) -> None:
    factories.choice(whose, effective_from=datetime(2026, 1, 1, tzinfo=UTC))


class TestNames:
    @pytest.mark.parametrize(
        ("held", "typed"),
        [
            ("O'Brien", "brien"),
            ("Núñez-Smith", "NUNEZ SMITH"),
            ("Núñez-Smith", "smith"),
            ("Smith", "Smith-Jones"),
            ("McDonald", "Macdonald"),
            ("St John", "Saint-John"),
            ("van der Berg", "Berg"),
        ],
    )
    def test_variants_are_found(
        self, finders: Finders, as_login: AsLogin, held: str, typed: str
    ) -> None:
        with as_login("pipeline"):
            resident = factories.resident(held, birth_date=BORN)
        assert found(finders.nurse, name(typed)) == [resident.pk]
        assert found(finders.nurse, name(typed, born=date(1941, 4, 4))) == []

    @pytest.mark.parametrize("typed", ["C", "Car", "Car%", "Carte_", "%", "*", "Carter'--", "."])
    def test_nobody_is_listed_by_letters_or_wildcards(
        self, finders: Finders, as_login: AsLogin, typed: str
    ) -> None:
        with as_login("pipeline"):
            factories.resident("Carter", birth_date=BORN)
            factories.resident("%", birth_date=BORN)
        if typed.startswith(("%", "*", ".")):
            with pytest.raises(ValueError, match="needs an NHS number"):
                found(finders.nurse, name(typed))
        else:
            hit = found(finders.nurse, name(typed))
            assert bool(hit) == (typed == "Carter'--")

    @pytest.mark.parametrize(
        ("held", "typed", "hit"),
        [
            ("William John", "Bill", True),
            ("Bill", "William", True),
            ("William John", "john", True),
            ("William John", "wil", True),
            ("William John", "W%", False),
            ("William John", "w", False),
            ("W John", "w", True),
            ("William John", "W_lliam", False),
            ("William John", "Will%n", False),
            ("William John", "Walter", False),
            ("Zoë", "zoe", True),
            ("Mary-Ann", "maryann", True),
        ],
    )
    def test_given_names_narrow(
        self, finders: Finders, as_login: AsLogin, held: str, typed: str, hit: bool
    ) -> None:
        with as_login("pipeline"):
            factories.resident("Carter", held, birth_date=BORN)
        assert bool(found(finders.nurse, name(given_name=typed))) == hit

    def test_day_and_month_may_be_swapped_and_who_fits_exactly_comes_first(
        self, finders: Finders, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            swapped = factories.resident("Carter", "Ada", birth_date=SWAPPED)
            part = factories.resident("Carter-Smith", "Bea", birth_date=BORN)
            exact = factories.resident("Carter", "Zoe", birth_date=BORN)
            factories.resident("Carter", birth_date=BORN + timedelta(days=1))
        assert found(finders.nurse, name()) == [exact.pk, swapped.pk, part.pk]

    @pytest.mark.parametrize(
        ("typed", "hit"), [("SE13 6LH", True), ("se13", True), ("SE1", False), ("SE13 6L", False)]
    )
    def test_a_postcode_narrows(
        self, finders: Finders, as_login: AsLogin, typed: str, hit: bool
    ) -> None:
        with as_login("pipeline"):
            factories.resident("Carter", birth_date=BORN, postcode="se136lh")
            factories.resident("Carter", birth_date=BORN, postcode="")
        assert len(found(finders.nurse, name(postcode=typed))) == hit

    def test_sex_narrows_and_leaves_whose_is_not_known(
        self, finders: Finders, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            he = factories.resident("Carter", "A", birth_date=BORN, sex="male")
            unknown = factories.resident("Carter", "B", birth_date=BORN, sex="unknown")
            factories.resident("Carter", "C", birth_date=BORN, sex="female")
        assert found(finders.nurse, name(sex="male")) == [he.pk, unknown.pk]

    def test_what_is_changed_is_found_by_what_it_is_now(
        self, finders: Finders, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            resident = factories.resident("Carter", birth_date=BORN)
            resident.family_name = "Bello"
            resident.save(update_fields=["family_name"])
        assert found(finders.nurse, name()) == []
        assert found(finders.nurse, name("Bello")) == [resident.pk]

    @pytest.mark.parametrize(
        "change", [{"birth_date": SWAPPED}, {"family_folded": "bello"}, {"search_keys": []}]
    )
    def test_a_change_past_the_model_that_would_lose_somebody_is_refused(
        self, finders: Finders, as_login: AsLogin, change: dict[str, Any]
    ) -> None:
        with as_login("pipeline"):
            resident = factories.resident("Carter", birth_date=BORN)
            with pytest.raises(IntegrityError, match="resident_is_found_by_name"):
                Resident.objects.filter(pk=resident.pk).update(**change)


class TestWhoIsNotForEveryone:
    @pytest.fixture
    def somebody(self, finders: Finders, as_login: AsLogin) -> Resident:
        with as_login("pipeline"):
            resident = factories.resident("Carter-Smith", "William John", birth_date=BORN)
            opted_out(resident)
            return resident

    @pytest.mark.parametrize(
        ("search", "hit"),
        [
            (name("Carter Smith"), True),
            (name("Carter Smith", given_name="WILLIAM"), True),
            (name("Carter Smith", given_name="William John"), True),
            (name("Carter Smith", given_name="Will"), False),
            (name("Carter Smith", given_name="Bill"), False),
            (name("Carter Smith", given_name="John"), False),
            (name("Carter"), False),
            (name("Carter Smith", born=SWAPPED), False),
            (name("Carter Smith", postcode="SE13 6LH"), False),
            (name("Carter Smith", postcode="SE13"), False),
        ],
    )
    def test_who_opted_out_is_found_by_exactly_what_is_theirs(
        self, finders: Finders, somebody: Resident, search: Search, hit: bool
    ) -> None:
        assert found(finders.nurse, search) == ([somebody.pk] if hit else [])

    def test_who_opted_out_shows_a_number_only_to_whoever_typed_it(
        self, finders: Finders, as_login: AsLogin
    ) -> None:
        digits = factories.made_up_nhs_number()
        with as_login("pipeline"):
            resident = factories.resident("Carter", birth_date=BORN, nhs_number=digits)
            opted_out(resident)
        for search, shown in ((number(digits), digits), (name(), None)):
            with transaction.atomic():
                (hit,) = find(finders.nurse, search, request_id=str(uuid4())).residents
                (seen,) = residents([hit])
            assert seen.nhs_number == shown
            assert (seen.postcode, seen.address_lines, seen.phone, seen.practice_code) == (
                ("", (), "", "")
            )

    def test_who_opted_in_again_is_found_as_everyone(
        self, finders: Finders, somebody: Resident, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            factories.choice(
                somebody, answer="consents", effective_from=datetime(2026, 2, 1, tzinfo=UTC)
            )
        assert found(finders.nurse, name("Carter", given_name="Bill")) == [somebody.pk]

    def test_who_is_protected_is_found_without_a_postcode_alone(
        self, finders: Finders, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            resident = factories.resident("Carter", birth_date=BORN, protection="R")
        assert found(finders.nurse, name(postcode="SE13 6LH")) == []
        assert found(finders.nurse, name(postcode="SE13")) == []
        with transaction.atomic():
            assert find(finders.nurse, name(), request_id=str(uuid4())).residents == (resident.pk,)
            (seen,) = residents([resident.pk])
        assert (seen.postcode, seen.address_lines) == ("", ())
        assert seen.nhs_number is not None

    def test_a_council_that_may_not_use_the_number_neither_finds_by_it_nor_sees_it(
        self, finders: Finders, as_login: AsLogin
    ) -> None:
        digits = factories.made_up_nhs_number()
        with as_login("pipeline"):
            resident = factories.resident("Carter", birth_date=BORN, nhs_number=digits)
            factories.choice(
                resident,
                kind="nhs-number",
                council=finders.council,
                effective_from=datetime(2026, 1, 1, tzinfo=UTC),
            )
        assert found(finders.adviser, number(digits)) == []
        assert found(finders.nurse, number(digits)) == [resident.pk]
        for who, shown in ((finders.adviser, None), (finders.nurse, digits)):
            with transaction.atomic():
                (hit,) = find(who, name(), request_id=str(uuid4())).residents
                (seen,) = residents([hit])
            assert seen.nhs_number == shown

    def test_who_is_not_known_beyond_doubt_is_found_by_their_source_alone(
        self, finders: Finders, as_login: AsLogin
    ) -> None:
        digits = factories.made_up_nhs_number()
        with as_login("pipeline"):
            hidden = factories.resident(
                "Carter", birth_date=BORN, nhs_number=digits, known_to_all=False
            )
            factories.source_person(hidden, finders.trust, link="alone")
        for search in (number(digits), name()):
            assert found(finders.nurse, search) == [hidden.pk]
            assert found(finders.adviser, search) == []

    def test_an_old_number_finds_whose_it_was_unless_it_is_anothers_now(
        self, finders: Finders, as_login: AsLogin
    ) -> None:
        old = factories.made_up_nhs_number()
        with as_login("pipeline"):
            resident = factories.resident("Carter", birth_date=BORN, nhs_number=old)
            resident.nhs_numbers.update(valid_until=timezone.now())
        assert found(finders.nurse, number(old)) == [resident.pk]
        with as_login("pipeline"):
            other = factories.resident("Bello", birth_date=BORN, nhs_number=old)
        assert found(finders.nurse, number(old)) == [other.pk]

    def test_who_was_merged_is_found_as_whom_they_are_now(
        self, finders: Finders, as_login: AsLogin
    ) -> None:
        old = factories.made_up_nhs_number()
        with as_login("pipeline"):
            now = factories.resident("Carter", birth_date=BORN)
            before = factories.resident("Bello", birth_date=BORN, nhs_number=old)
            done = merge(
                survivor=now.pk, merged=before.pk, cause=Cause.SUPERSEDED, words="the same person"
            )
            assert done.outcome is MergeOutcome.MERGED
        for search in (name("Bello"), name("Carter"), number(old)):
            assert found(finders.nurse, search) == [now.pk]

    def test_records_that_are_kept_apart_are_never_listed_together(
        self, finders: Finders, as_login: AsLogin
    ) -> None:
        with as_login("pipeline"):
            former = factories.resident("Carter", "Adam", birth_date=BORN)
            current = factories.resident("Carter", "Ada", birth_date=BORN)
            other = factories.resident("Carter", "Zoe", birth_date=BORN)
        assert found(finders.nurse, name()) == [current.pk, former.pk, other.pk]
        with as_login("pipeline"):
            separate(former=former.pk, current=current.pk, why=WhySeparated.GENDER)
        assert found(finders.nurse, name()) == [current.pk, other.pk]
        with as_login("owner"):
            last = Event.objects.filter(action="search").latest("id")
        assert last.residents == [current.pk, other.pk]

    def test_without_the_activity_nothing_is_found_and_it_is_recorded(
        self, finders: Finders, as_login: AsLogin
    ) -> None:
        digits = factories.made_up_nhs_number()
        with as_login("pipeline"):
            factories.resident("Carter", birth_date=BORN, nhs_number=digits)
            at_desk = Acting.of(factories.membership(at=finders.trust, as_role="receptionist"))
        with transaction.atomic():
            answer = find(at_desk, number(digits), request_id=str(uuid4()))
            assert answer == Found((), Outcome.REFUSED)
            assert list(Resident.objects.all()) == []
        with as_login("owner"):
            event = Event.objects.get(action="search")
        assert (event.outcome, event.reason, event.residents) == (
            "refused",
            "activity-not-in-role",
            [],
        )


class TestHowOften:
    def test_in_a_minute(self, finders: Finders, as_login: AsLogin, settings: Any) -> None:
        settings.SEARCHES_PER_MINUTE = 3
        with as_login("pipeline"):
            factories.resident("Carter", birth_date=BORN)
        for _ in range(3):
            assert len(found(finders.nurse, name())) == 1
        with transaction.atomic():
            answer = find(finders.nurse, name(), request_id=str(uuid4()))
            assert answer == Found((), Outcome.TOO_OFTEN_IN_A_MINUTE)
            assert list(Resident.objects.all()) == []
        assert len(found(finders.adviser, name())) == 1, "it is each person's own"
        with as_login("owner"):
            events = list(Event.objects.filter(action="search").order_by("id"))
        assert [event.outcome for event in events] == ["done"] * 3 + ["refused", "done"]
        assert (events[3].reason, events[3].residents) == ("too-often-in-a-minute", [])

    def test_in_an_hour_and_then_no_longer(
        self, finders: Finders, run_sql: Callable[[str], psycopg.Connection], settings: Any
    ) -> None:
        settings.SEARCHES_PER_HOUR = 5
        admin = run_sql("admin")
        admin.execute(
            "insert into access_attempt (kind, staff_id, at)"
            " select 'search', %s, now() - interval '59 minutes' * nth"
            " from generate_series(1, 9) nth",
            [finders.nurse.staff_id],
        )
        admin.commit()
        for _ in range(4):
            found(finders.nurse, name())
        with transaction.atomic():
            answer = find(finders.nurse, name(), request_id=str(uuid4()))
        assert answer.outcome is Outcome.TOO_OFTEN_IN_AN_HOUR
        settings.SEARCHES_PER_HOUR = 6
        found(finders.nurse, name())

    def test_many_at_once_do_not_pass_uncounted(
        self, finders: Finders, as_login: AsLogin, settings: Any
    ) -> None:
        settings.SEARCHES_PER_MINUTE = 3
        ready = Barrier(8)
        outcomes: list[Outcome] = []

        def search() -> None:
            with as_login("web"):
                connection.ensure_connection()
                ready.wait()
                with transaction.atomic():
                    outcomes.append(find(finders.nurse, name(), request_id=str(uuid4())).outcome)
            connections.close_all()

        threads = [Thread(target=search) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes.count(Outcome.FOUND) == 3
        assert outcomes.count(Outcome.TOO_OFTEN_IN_A_MINUTE) == 5


class TestIndexes:
    """The function itself, as it runs: what PostgreSQL counted of its scans."""

    def test_neither_a_name_nor_a_number_reads_the_table_through(
        self,
        finders: Finders,
        as_login: AsLogin,
        run_sql: Callable[[str], psycopg.Connection],
    ) -> None:
        admin = run_sql("admin")
        fill(admin, 20_000)
        digits = factories.made_up_nhs_number()
        with as_login("pipeline"):
            one = factories.resident("Carter", birth_date=BORN, nhs_number=digits)
        connection.close()
        wait_until_alone(admin)
        before = scans(admin)
        # More often than plpgsql plans anew for: the plan that it keeps counts too.
        for _ in range(8):
            assert found(finders.nurse, name(given_name="Ruth")) == [one.pk]
            assert found(finders.nurse, number(digits)) == [one.pk]
            with connection.cursor() as cursor:
                cursor.execute("select pg_stat_force_next_flush()")
        connection.close()
        after = scans(admin)
        more = {what: after[what] - before[what] for what in after}
        assert {what for what in more if what in TABLES and more[what]} == set()
        assert more["resident_by_search_key"] >= 8
        assert more["attempt_by_staff"] >= 8


TABLES = [
    "access_attempt",
    "access_glimpse",
    "audit_event",
    "identity_resident",
    "identity_residentnhsnumber",
    "identity_residentplace",
    "identity_sourceperson",
]


def fill(admin: psycopg.Connection, count: int) -> None:
    """Other residents, others' searches and events, enough that reading them through would show."""
    admin.execute("set session_replication_role = replica")
    admin.execute(
        "insert into identity_resident (title, family_name, given_names, family_folded,"
        " given_folded, given_keys, search_keys, birth_date, sex, deceased, language,"
        " interpreter_needed, protection, known_to_all)"
        " select '', 'Family' || n, 'Given', 'family' || n, 'given', '{given}',"
        " array['family' || n || ' ' || (date '1930-01-01' + mod(n, 30000) - date '1970-01-01')],"
        " date '1930-01-01' + mod(n, 30000), 'female', false, '', false, 'U', true"
        " from generate_series(1, %s) n",
        [count],
    )
    admin.execute(
        "insert into identity_residentnhsnumber"
        " (resident_id, number, status, said_by, ended_because)"
        " select id, lpad(id::text, 10, '0'), '01', 'feed', '' from identity_resident"
    )
    admin.execute(
        "insert into audit_event (action, outcome, reason, staff_id, staff_name, role_code,"
        " organisation_name, residents, detail)"
        " select 'search', 'done', 'name', 1000000 + mod(n, 500), '', '', '', '{}', '{}'"
        " from generate_series(1, %s) n",
        [count],
    )
    admin.execute(
        "insert into access_attempt (kind, staff_id)"
        " select 'search', 1000000 + mod(n, 500) from generate_series(1, %s) n",
        [count],
    )
    admin.execute("set session_replication_role = origin")
    admin.commit()
    admin.autocommit = True
    admin.execute("vacuum analyze access_attempt")
    admin.execute("vacuum analyze identity_resident")
    admin.execute("vacuum analyze identity_residentnhsnumber")
    admin.execute("vacuum analyze audit_event")


def wait_until_alone(admin: psycopg.Connection) -> None:
    """Sessions that were closed say what they scanned when they end, which takes them a moment."""
    while admin.execute(
        "select exists (select from pg_stat_activity where datname = current_database()"
        " and backend_type = 'client backend' and pid <> pg_backend_pid())"
    ).fetchone() == (True,):
        time.sleep(0.01)


def scans(admin: psycopg.Connection) -> dict[str, int]:
    """How often tables were read through, and how often the search's indexes were used."""
    admin.execute("select pg_stat_clear_snapshot()")
    tables = admin.execute(
        "select relname, seq_scan from pg_stat_user_tables where relname = any (%s)", [TABLES]
    ).fetchall()
    indexes = admin.execute(
        "select indexrelname, idx_scan from pg_stat_user_indexes where indexrelname in"
        " ('resident_by_search_key', 'attempt_by_staff')"
    ).fetchall()
    return dict(tables + indexes)
