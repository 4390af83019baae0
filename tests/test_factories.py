"""The factories make what the database accepts, and what a practitioner can then open."""

from __future__ import annotations

from uuid import uuid4

from django.db import connection, transaction

from access.acting import Acting
from access.gate import Opened, open_record
from identity.nhs_number import NhsNumber
from tests import factories


def test_a_made_up_number_is_a_valid_one() -> None:
    for nth in range(200):
        number = factories.made_up_nhs_number(nth)
        assert number.startswith("999")
        assert NhsNumber.parse(number, test_ranges=True).digits == number


def test_everything_can_be_made_and_the_record_opens(database, as_login) -> None:
    with as_login("pipeline"):
        trust = factories.organisation()
        group = factories.organisation(kind="group")
        practice = factories.organisation(kind="gp_practice", groups=[group])
        ward = factories.team(trust)
        nurse = factories.membership(at=trust, as_role="nurse", in_team=ward)
        factories.agreement(group, trust)
        factories.feed(practice)
        ruth = factories.resident()
        at_practice = factories.source_person(ruth, practice)
        factories.relationship(ruth, trust, ward)
        factories.entry(at_practice)
        council = factories.organisation(kind="adult_social_care")
        factories.choice(ruth, "social-care-sharing", "consents", council=council)
    with transaction.atomic():
        opened = open_record(
            Acting.of(nurse), ruth.public_id, look=uuid4(), request_id=str(uuid4())
        )
        assert isinstance(opened, Opened)
        with connection.cursor() as cursor:
            cursor.execute("select display from records_entry")
            assert cursor.fetchall() == [("Asthma",)]
