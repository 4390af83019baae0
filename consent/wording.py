"""How kinds and answers are said on pages: one place for the words."""

from __future__ import annotations

from collections.abc import Mapping

from consent.vocabulary import Answer, Kind

#: How each answer stands in the words of its kind.
_STANDS: Mapping[tuple[Kind, Answer], str] = {
    (Kind.CONNECT_CARE, Answer.REFUSES): "Opted out",
    (Kind.SOCIAL_CARE_SHARING, Answer.REFUSES): "Refuses",
    (Kind.NHS_NUMBER, Answer.REFUSES): "Objects",
}
_STANDS_FOR_ALL: Mapping[Answer, str] = {
    Answer.CONSENTS: "Agrees",
    Answer.NOT_ASKED: "Could not be asked",
    Answer.WITHDRAWN: "Takes back an answer",
}

#: What was done, as a story tells it: "On 3 March … the resident" and then this.
_DID: Mapping[tuple[Kind, Answer], str] = {
    (Kind.CONNECT_CARE, Answer.REFUSES): "opted out of Connect Care as a whole",
    (Kind.CONNECT_CARE, Answer.CONSENTS): "agreed to be on Connect Care",
    (Kind.CONNECT_CARE, Answer.NOT_ASKED): "about Connect Care as a whole",
    (Kind.CONNECT_CARE, Answer.WITHDRAWN): "about Connect Care as a whole",
    (Kind.SOCIAL_CARE_SHARING, Answer.REFUSES): "refused to let {council} share their social "
    "care information",
    (Kind.SOCIAL_CARE_SHARING, Answer.CONSENTS): "agreed that {council} shares their social care "
    "information",
    (Kind.SOCIAL_CARE_SHARING, Answer.NOT_ASKED): "about {council} sharing their social care "
    "information",
    (Kind.SOCIAL_CARE_SHARING, Answer.WITHDRAWN): "about {council} sharing their social care "
    "information",
    (Kind.NHS_NUMBER, Answer.REFUSES): "objected to {council} using their NHS number",
    (Kind.NHS_NUMBER, Answer.CONSENTS): "agreed that {council} uses their NHS number",
    (Kind.NHS_NUMBER, Answer.NOT_ASKED): "about {council} using their NHS number",
    (Kind.NHS_NUMBER, Answer.WITHDRAWN): "about {council} using their NHS number",
}

_NOTHING_SAID: Mapping[Kind, str] = {
    Kind.CONNECT_CARE: "No choice is in force. Without one, their record is shared with staff "
    "directly involved in their care.",
    Kind.SOCIAL_CARE_SHARING: "No choice is in force. Without one, the council's information is "
    "shared with staff directly involved in their care, unless they opt out of Connect Care.",
    Kind.NHS_NUMBER: "No choice is in force. Without one, the council uses the NHS number.",
}
_NOT_SHARED_YET = (
    "No choice is in force. Without one, the council's information is not shared: your council "
    "shares it only after the resident has agreed."
)


def title_of(kind: str) -> str:
    """A kind of choice in words."""
    return Kind(kind).label


def answer_of(kind: str, answer: str) -> str:
    """An answer in the words of its kind."""
    return _STANDS.get((Kind(kind), Answer(answer))) or _STANDS_FOR_ALL[Answer(answer)]


def did(kind: str, answer: str, *, council: str = "") -> str:
    """What was done, to follow its subject; what it was about, where nobody was asked."""
    return _DID[Kind(kind), Answer(answer)].replace("{council}", council.split(" (", 1)[0])


def nothing_said(kind: Kind, *, asks_first: bool) -> str:
    """What holds where nobody has answered, by the council's setting."""
    if kind is Kind.SOCIAL_CARE_SHARING and asks_first:
        return _NOT_SHARED_YET
    return _NOTHING_SAID[kind]
