"""Makes what the tests of faults stand on, in a database of its own; prints who is who.

Run as a process of its own, with that database's addresses in the environment::

    python -m tests.consent.fault_world 3
"""

from __future__ import annotations

import json
import sys

import django


def main(clients: int) -> None:
    """One adviser and one resident for each client; as JSON."""
    django.setup()
    from tests import factories

    council = factories.organisation("Council of faults", kind="adult_social_care")
    made = []
    for number in range(clients):
        staff = factories.staff(f"adviser{number}", password=factories.PASSWORD)
        factories.membership(staff, council, "contact-centre-adviser")
        digits = factories.made_up_nhs_number()
        resident = factories.resident("Carter", f"Ruth{number}", nhs_number=digits)
        made.append(
            {
                "username": staff.username,
                "resident": str(resident.public_id),
                "given": resident.given_names,
                "number": digits,
            }
        )
    sys.stdout.write(json.dumps(made))


if __name__ == "__main__":
    main(int(sys.argv[1]))
