"""The words of a choice: its kinds, its answers, and whose decision it may be.

One enumeration for each, with the words that pages show. What the database accepts is made of them
(``consent/models.py``).
"""

from __future__ import annotations

from django.db import models


class Kind(models.TextChoices):
    """The three choices, never mixed. (The national data opt-out is a fourth, not ours.)"""

    SOCIAL_CARE_SHARING = "social-care-sharing", "Sharing social care information"
    NHS_NUMBER = "nhs-number", "Use of the NHS number by the council"
    CONNECT_CARE = "connect-care", "Connect Care as a whole"


#: The kinds that are about one council.
COUNCIL_KINDS = frozenset({Kind.SOCIAL_CARE_SHARING, Kind.NHS_NUMBER})


class Answer(models.TextChoices):
    """What was said when it was asked; ``WITHDRAWN`` takes back one earlier answer."""

    CONSENTS = "consents", "Agrees"
    REFUSES = "refuses", "Refuses"
    NOT_ASKED = "could-not-be-asked", "Could not be asked"
    WITHDRAWN = "withdrawn", "Takes back what was said"


#: The answers that decide something. The others leave, or bring back, what was decided before.
DECIDING = (Answer.CONSENTS, Answer.REFUSES)


class NotAskedReason(models.TextChoices):
    """Why somebody could not be asked."""

    UNWELL = "unwell", "Too unwell to be asked"
    NO_CAPACITY = "no-capacity", "Could not make this decision, and nobody could decide for them"
    URGENT = "urgent", "Care was urgent: there was no time to ask"
    NOT_REACHED = "not-reached", "Could not be reached"
    LANGUAGE = "language", "No interpreter or communication support at hand"
    UNSAFE = "unsafe", "Not safe or private enough to ask"


class DecidedBy(models.TextChoices):
    """Whose decision it was."""

    RESIDENT = "resident", "The resident"
    COMPETENT_CHILD = "competent-child", "The child, who understands what it means"
    PARENT = "parent", "Someone with parental responsibility"
    ATTORNEY = "attorney", "A registered attorney for health and welfare"
    DEPUTY = "deputy", "A deputy appointed by the Court of Protection"
    BEST_INTERESTS = "best-interests", "A named best-interests decider"


#: Who decides for themselves. All others are named, with the evidence of their authority.
THEMSELVES = frozenset({DecidedBy.RESIDENT, DecidedBy.COMPETENT_CHILD})
#: Where somebody assessed whether the resident can decide: that they cannot, or that a child can.
ASSESSED = frozenset(
    {
        DecidedBy.COMPETENT_CHILD,
        DecidedBy.ATTORNEY,
        DecidedBy.DEPUTY,
        DecidedBy.BEST_INTERESTS,
    }
)


class Relayer(models.TextChoices):
    """Who passed it on. They carry the words and decide nothing."""

    RELATIVE = "relative", "A relative or friend"
    CARER = "carer", "A carer"
    ADVOCATE = "advocate", "An advocate"
    PROFESSIONAL = "professional", "A member of staff elsewhere"


class Channel(models.TextChoices):
    """How it was said."""

    PHONE = "phone", "Phone"
    IN_PERSON = "in-person", "In person"
    LETTER = "letter", "Letter or paper form"
    EMAIL = "email", "Email"
    ONLINE = "online", "The public form"
    COUNCIL_SYSTEM = "council-system", "The council's own records"


#: What a member of staff can say of how they were told. The others are written by no page.
TOLD_TO_STAFF = (Channel.PHONE, Channel.IN_PERSON, Channel.LETTER, Channel.EMAIL)


class Identifier(models.TextChoices):
    """What can be compared to know who somebody is. The value itself is never kept."""

    NAME = "name", "name"
    BIRTH_DATE = "birth-date", "date of birth"
    NHS_NUMBER = "nhs-number", "NHS number"
    POSTCODE = "postcode", "postcode"
    PHONE = "phone", "phone number"


#: Fewer identifiers than this are no check of who somebody is.
FEWEST_IDENTIFIERS = 3


class WithdrawnBecause(models.TextChoices):
    """Why an answer was taken back."""

    ASKED = "asked", "Whoever decides asked for it"
    IN_ERROR = "in-error", "It was recorded by mistake: they did not say it"
    NOT_VERIFIED = "not-verified", "The request was not theirs, or could not be verified"


#: Taken back without anybody's decision. Only what is safe to take back (rule C7).
NOBODY_DECIDED = frozenset({WithdrawnBecause.IN_ERROR, WithdrawnBecause.NOT_VERIFIED})
