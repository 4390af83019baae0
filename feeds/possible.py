"""Days that cannot be: a birth that is still to come, a death before the birth.

A form reads what is written (``feeds/formats/``); only the loader knows when it was given in.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from feeds.mapped import MappedPerson

#: Somewhere it is tomorrow already.
_A_DAY = timedelta(days=1)


def with_possible_days(person: MappedPerson, received: date) -> MappedPerson:
    """The person without days that cannot be.

    A birth date after the day on which it was given in is left out: whoever is looked for by it
    would be somebody else. So is the day of a death that is still to come, or that was before the
    birth; that the person has died is kept.
    """
    born, died = person.birth_date, person.deceased_on
    if born is not None and born > received + _A_DAY:
        person, born = replace(person, birth_date=None), None
    if died is not None and (died > received + _A_DAY or (born is not None and died < born)):
        person = replace(person, deceased=True, deceased_on=None)
    return person
