"""What the account of who looked says, on a page and on paper."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from access.account_words import HOLDING, sentence
from access.accounts import Account, Question
from access.looked import LookSeen
from ui.formatting import LONDON, prose_date

TITLE = "Who looked at your record, and why"


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One look in a sentence, and what was asked of it."""

    id: UUID
    said: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccountPage:
    """The account, day by day, the earliest first."""

    id: UUID
    reference: str
    opening: tuple[str, ...]
    days: tuple[tuple[str, tuple[AccountLine, ...]], ...]
    closing: tuple[str, ...]


def account_page(account: Account) -> AccountPage:
    """An account in words."""
    days = groupby(account.lines, key=lambda look: look.first.astimezone(LONDON).date())
    looks = len(account.lines)
    return AccountPage(
        id=account.id,
        reference=account.reference,
        opening=(
            f"From {prose_date(account.since)} to {prose_date(account.until)}.",
            _how_many(looks)
            + " What somebody opened in one sitting of at most 15 minutes is told once.",
            *(
                ("These are the latest: ask for a shorter time to hear all.",)
                if account.cut
                else ()
            ),
            HOLDING,
        ),
        days=tuple(
            (prose_date(day), tuple(_line(look, account) for look in found)) for day, found in days
        ),
        closing=(
            "Ask about any line: an organisation’s privacy officer answers you by a date.",
            "You can say at any time that you do not want your record to be shared.",
            "You can complain to the Information Commissioner’s Office, telephone 0303 123 1113.",
        ),
    )


def _how_many(looks: int) -> str:
    if not looks:
        return "Nobody looked at your record in that time."
    return "One look is told here." if looks == 1 else f"{looks:,} looks are told here."


def _line(look: LookSeen, account: Account) -> AccountLine:
    asked = account.questions.get(look.line, ())
    return AccountLine(look.line, sentence(look), tuple(map(_asked, asked)))


def _asked(question: Question) -> str:
    if question.answered is None:
        return f"Question {question.reference}: an answer is due by {prose_date(question.due)}."
    return (
        f"Question {question.reference}, answered on {prose_date(question.answered)}: "
        f"{question.answer}"
    )


def for_paper(page: AccountPage, *, sender: str, whose: str) -> dict[str, Any]:
    """The same for the typesetter (``access/account.typ``)."""
    return {
        "title": TITLE,
        "sender": sender,
        "reference": page.reference,
        "opening": [f"Made for {whose}.", *page.opening],
        "days": [
            [day, [" ".join((line.said, *line.questions)) for line in lines]]
            for day, lines in page.days
        ],
        "closing": list(page.closing),
    }
