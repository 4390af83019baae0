"""The letter that confirms a choice, and how a resident may be written to.

A letter is owed from the moment that its choice is recorded: a trigger writes the row with it
(``consent/sql/0004_letters.sql``), and the row is the job. What was made of it is sealed.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from audit.fields import UuidV7


class LetterState(models.TextChoices):
    """How far a letter has come."""

    TO_MAKE = "to-make", "Being made"
    HELD = "held", "Held"
    READY = "ready", "Ready to print"
    SENT = "sent", "Sent"
    TOLD = "told", "Told another way"


#: The states in which nothing has left yet.
OPEN = (LetterState.TO_MAKE, LetterState.HELD, LetterState.READY)


class HeldBecause(models.TextChoices):
    """Why a letter may not go by post. The database decides (``consent.letter_standing``)."""

    PROTECTED = "protected", "Their address is protected"
    DIED = "died", "They have died"
    POST_UNSAFE = "post-unsafe", "Letters are not safe for them"
    NO_ADDRESS = "no-address", "There is no verified address"
    OWN_ADDRESS = "own-address", "They object to your use of the NHS number"
    OLD_WORDS = "old-words", "The words that they were given are no longer kept"
    UNPRINTABLE = "unprintable", "Their name or address has letters that cannot be printed"


class ToldHow(models.TextChoices):
    """How a letter that was held was dealt with."""

    IN_PERSON = "in-person", "Given or read to them in person"
    PHONE = "phone", "Told on the phone"
    OWN_SYSTEM = "own-system", "Posted to an address in our own system"
    NOT_TOLD = "not-told", "Nobody is to be told"


_BY_WORD = (ToldHow.IN_PERSON, ToldHow.PHONE)
#: How a letter may be dealt with that is held, by why it is.
SETTLED_BY: Mapping[HeldBecause, tuple[ToldHow, ...]] = {
    HeldBecause.PROTECTED: _BY_WORD,
    HeldBecause.DIED: (ToldHow.NOT_TOLD,),
    HeldBecause.POST_UNSAFE: _BY_WORD,
    HeldBecause.NO_ADDRESS: (*_BY_WORD, ToldHow.OWN_SYSTEM),
    HeldBecause.OWN_ADDRESS: (*_BY_WORD, ToldHow.OWN_SYSTEM),
    HeldBecause.OLD_WORDS: _BY_WORD,
    HeldBecause.UNPRINTABLE: (*_BY_WORD, ToldHow.OWN_SYSTEM),
}


def _settled_as_allowed() -> Q:
    allowed = Q(told_how="")
    for why, ways in SETTLED_BY.items():
        allowed |= Q(held_because=why, told_how__in=ways)
    return allowed


class Post(models.TextChoices):
    """How a resident may be written to."""

    STANDARD = "standard", "In standard print"
    LARGE_PRINT = "large-print", "In large print"
    DO_NOT_SEND = "do-not-send", "Do not send letters"


class UnsafeBecause(models.TextChoices):
    """Why no letters are to be sent. A list and no words of one's own, which could tell more."""

    ASKED = "asked", "They asked us not to write"
    OTHERS_READ = "others-read", "Somebody else may open their letters"
    RETURNED = "returned", "A letter came back"
    NO_HOME = "no-home", "They have no settled address"


class PostNote(models.Model):
    """How a resident may be written to, as an adviser was told. The latest holds.

    Rows are only added, by one function of the gate.
    """

    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    post = models.CharField(max_length=20, choices=Post)
    because = models.CharField(max_length=20, choices=UnsafeBecause, blank=True, db_default="")
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["resident", "-id"], name="post_note_by_resident")]
        constraints = [
            models.CheckConstraint(condition=Q(post__in=Post.values), name="post_is_known"),
            models.CheckConstraint(
                condition=Q(post=Post.DO_NOT_SEND, because__in=UnsafeBecause.values)
                | (~Q(post=Post.DO_NOT_SEND) & Q(because="")),
                name="post_says_why_unsafe",
            ),
        ]

    def __str__(self) -> str:
        return f"post note {self.pk}"


class Letter(models.Model):
    """The letter that one choice is owed.

    ``desk`` prints and posts it: the council that the choice is about, or the organisation that
    recorded it; empty for one of the public form, which is the host trust's. ``made_for`` is a
    digest of the address that it was made for, so that it can be asked at the moment of sending
    whether that still is the verified one. ``content`` (JSON, shown as a page), ``pdf`` and
    ``large_pdf`` are sealed.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    choice = models.OneToOneField("consent.Choice", models.PROTECT, related_name="letter")
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    desk = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, null=True, related_name="+"
    )
    state = models.CharField(
        max_length=10, choices=LetterState, db_default=LetterState.TO_MAKE.value
    )
    held_because = models.CharField(
        max_length=20, choices=HeldBecause, blank=True, db_default="", default=""
    )
    owed = models.DateTimeField(db_default=Now())
    looked_at = models.DateTimeField(null=True, help_text="When it was last asked how it stands.")
    made = models.DateTimeField(null=True)
    made_for = models.BinaryField(max_length=32, null=True)
    in_large_print = models.BooleanField(default=False, db_default=False)
    content = models.BinaryField(null=True)
    pdf = models.BinaryField(null=True)
    large_pdf = models.BinaryField(null=True)
    taken = models.DateTimeField(null=True, help_text="When it was last downloaded to print.")
    finished = models.DateTimeField(null=True)
    finished_as = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    told_how = models.CharField(
        max_length=20, choices=ToldHow, blank=True, db_default="", default=""
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["desk", "state", "id"],
                condition=Q(state__in=OPEN),
                name="letter_open_by_desk",
            ),
            models.Index(
                fields=["looked_at"], condition=Q(state__in=OPEN), name="letter_to_look_at"
            ),
            models.Index(fields=["resident"], name="letter_by_resident"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=LetterState.values), name="letter_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state=LetterState.TO_MAKE)
                | Q(state=LetterState.HELD, held_because__in=HeldBecause.values)
                | Q(state=LetterState.TOLD, held_because__in=HeldBecause.values)
                | Q(state__in=[LetterState.READY, LetterState.SENT], held_because=""),
                name="letter_says_why_held",
            ),
            # Nothing is printed that was not made for an address.
            models.CheckConstraint(
                condition=~Q(state__in=[LetterState.READY, LetterState.SENT])
                | Q(
                    made_for__isnull=False,
                    content__isnull=False,
                    pdf__isnull=False,
                    large_pdf__isnull=False,
                ),
                name="letter_ready_is_made",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[LetterState.SENT, LetterState.TOLD],
                    finished__isnull=False,
                    finished_as__isnull=False,
                )
                | Q(state__in=OPEN, finished__isnull=True, finished_as__isnull=True),
                name="letter_finished_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state=LetterState.TOLD, told_how__in=ToldHow.values)
                | (~Q(state=LetterState.TOLD) & Q(told_how="")),
                name="letter_told_somehow",
            ),
            models.CheckConstraint(condition=_settled_as_allowed(), name="letter_told_as_allowed"),
            models.CheckConstraint(
                condition=~Q(state=LetterState.SENT) | Q(taken__isnull=False),
                name="letter_sent_was_printed",
            ),
        ]

    def __str__(self) -> str:
        return f"letter {self.public_id}"
