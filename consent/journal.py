"""Choices, written down outside the database as they are made.

The sealer adds each choice to a chain beside the audit's checkpoints (:mod:`audit.chain`), sealed
with the key of the raw deliveries: a database that was put back from a backup lacks the choices
made since, and is told them from there (``keeping.putting_back``). A link holds the choice's row,
and what finds its person and its recorder again where the backup is older than they are.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from audit.chain import Chain, ChainBroken, End
from audit.encoding import Connection
from audit.journal import Journal, JournalDamaged
from audit.notes import Signer
from identity.sealed import seal, unseal

_PURPOSE = "choice journal"
_AT_ONCE = 500
"""How many choices one look writes down; the next one goes on."""


class ChoiceToJournal(models.Model):
    """A choice that the sealer has not written down yet; it takes the row away."""

    choice = models.OneToOneField(
        "consent.Choice", models.PROTECT, primary_key=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"choice {self.choice_id} to journal"


def chain_of(journal: Journal) -> Chain:
    """The chain of choices of a journal."""
    return Chain(journal.path / "choices")


def opened(sealed: bytes) -> dict[str, Any]:
    """What a link holds, as ``consent.choices_to_journal`` gave it.

    :raises identity.sealed.CannotBeOpened: if its key is not among ``ENCRYPTION_KEYS``.
    """
    said: dict[str, Any] = json.loads(unseal(sealed, purpose=_PURPOSE))
    return said


class Journalling:
    """What the sealer does at each look, before its checkpoint (:class:`audit.sealing.Beside`)."""

    def __init__(self, journal: Journal, signer: Signer) -> None:
        """The caller holds the journal.

        :raises JournalDamaged: if the chain is not whole, or shorter than the last checkpoint says.
        """
        self._chain, self._signer = chain_of(journal), signer
        try:
            self._end = self._chain.mended(signer.verifier)
            logs = journal.logs()
            last = logs[-1].last(signer.verifier) if logs else None
            said = End.parse(last.choices) if last and last.choices else End()
        except ChainBroken as error:
            raise JournalDamaged(str(error)) from error
        if self._end.count < said.count:
            raise JournalDamaged(
                f"{self._chain.path} holds fewer choices than the last checkpoint counts "
                f"({said.count:,}). Put back the journal's copy; nothing is sealed meanwhile."
            )

    def __call__(self, connection: Connection, /) -> str:
        """Write down what waits. On disk first: what is killed in between is written twice."""
        rows = connection.execute(
            "select choice_id, said from consent.choices_to_journal(%s)", [_AT_ONCE]
        ).fetchall()
        if rows:
            sealed = [seal(json.dumps(said).encode(), purpose=_PURPOSE) for _, said in rows]
            self._end = self._chain.add(self._signer, sealed, self._end)
            connection.execute("select consent.journalled(%s)", [[each for each, _ in rows]])
        return str(self._end)
