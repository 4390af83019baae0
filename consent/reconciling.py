"""Reconciliation: choices recorded = choices enforced = letters sent or held.

Each comparison is two counts that must agree, each by a query of its own, and a query of what
disagrees, by the reference of the choice. A refusal is read out of the rows in a way that owes
nothing to what enforces it, so that a fault in the one does not hide in the other. Runs with the
pipeline's login, in one snapshot; each run is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, models, transaction
from django.db.models.functions import Now

#: How long a letter may be on its way, and a proof be due, before that disagrees.
LATE_LETTER = "3 days"
_OLD_PROOF = "30 hours"
_NEW_CHOICE = "15 minutes"
#: References that one comparison lists.
_MOST_LISTED = 200


class Reconciliation(models.Model):
    """One run: whether all counts agreed, and each comparison with what disagreed."""

    at = models.DateTimeField(db_default=Now())
    agrees = models.BooleanField()
    lines = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["-at"], name="reconciliation_by_time")]

    def __str__(self) -> str:
        return f"reconciliation {self.pk}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two counts that must agree. ``differ`` answers the references of what does not."""

    title: str
    left: str
    left_query: str
    right: str
    right_query: str
    differ: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison came to."""

    title: str
    left: str
    left_query: str
    left_count: int
    right: str
    right_query: str
    right_count: int
    disagree: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether the counts are one, and nothing was listed."""
        return self.left_count == self.right_count and not self.disagree


# Refusals that began, were not taken back or decided not upheld, and that no agreement of the same
# person to the same question has followed. Plainly out of the rows.
_SAID = """
select distinct on (person, kind, council_id) *
from (
  select identity.survivor_of(c.resident_id) as person, c.id, c.reference, c.kind, c.council_id,
    c.recorded_at, c.effective_from
  from consent_choice c
  where c.answer = 'refuses' and c.effective_from <= statement_timestamp()
    and not exists (select from consent_choice t
      where t.withdraws_id = c.id and t.effective_from <= statement_timestamp())
    and not exists (select from consent_ruling r
      where r.choice_id = c.id and r.effective_from <= statement_timestamp())
    and not exists (select from consent_choice yes
      where yes.answer = 'consents' and yes.kind = c.kind
        and yes.council_id is not distinct from c.council_id
        and yes.effective_from > c.effective_from
        and yes.effective_from <= statement_timestamp()
        and not exists (select from consent_choice t
          where t.withdraws_id = yes.id and t.effective_from <= statement_timestamp())
        and yes.resident_id in (select identity.same_person(c.resident_id)))
) refused
order by person, kind, council_id, id desc
"""
_ENFORCED = """
select r.kind, r.council_id from consent.refusals(said.person, statement_timestamp()) r
where r.kind = said.kind and r.council_id is not distinct from said.council_id
"""
# What is refused of everybody who has said anything, but where a council asks first.
_WITHHELD = """
select person.id as person, r.kind, r.council_id
from (select distinct identity.survivor_of(resident_id) as id from consent_choice) person
cross join lateral consent.refusals(person.id, statement_timestamp()) r
where not (r.kind = 'social-care-sharing' and exists (
  select from organisations_organisation o
  where o.id = r.council_id and o.sharing_default = 'only-after-yes'))
"""
_A_REFUSAL = """
select c.id from consent_choice c
where c.answer = 'refuses' and c.kind = withheld.kind
  and c.council_id is not distinct from withheld.council_id
  and c.effective_from <= statement_timestamp()
  and (c.resident_id in (select identity.same_person(withheld.person))
    or c.resident_id in (select m.survivor_id from identity_merge m
      where m.merged_id in (select identity.same_person(withheld.person))))
"""
_PROVEN = f"""
select from (
  select p.outcome, p.at from consent_proberesult p
  where p.choice_id = said.id order by p.id desc limit 1) latest
where latest.outcome = 'holds' and latest.at > statement_timestamp() - interval '{_OLD_PROOF}'
"""
_NOT_NEW = f"""greatest(said.recorded_at, said.effective_from)
  < statement_timestamp() - interval '{_NEW_CHOICE}'"""
_OWED = "select * from consent_choice c where c.answer <> 'could-not-be-asked'"
_DUE = f"""
select l.id, l.state, c.reference from consent_letter l
join consent_choice c on c.id = l.choice_id
where l.owed < statement_timestamp() - interval '{LATE_LETTER}'
"""

COMPARISONS: tuple[Comparison, ...] = (
    Comparison(
        "Every refusal that was said is enforced",
        "Refusals that hold, by what was recorded",
        f"select count(*) from ({_SAID}) said",
        "Of these, refused by the database at this moment",
        f"select count(*) from ({_SAID}) said where exists ({_ENFORCED})",
        f"select said.reference from ({_SAID}) said where not exists ({_ENFORCED})",
    ),
    Comparison(
        "Nothing is withheld that nobody refused",
        "Refusals that the database enforces",
        f"select count(*) from ({_WITHHELD}) withheld",
        "Of these, said by somebody",
        f"select count(*) from ({_WITHHELD}) withheld where exists ({_A_REFUSAL})",
        f"select 'without a choice' from ({_WITHHELD}) withheld where not exists ({_A_REFUSAL})",
    ),
    Comparison(
        "Every refusal is proven to hold",
        f"Refusals that hold, {_NEW_CHOICE} and longer",
        f"select count(*) from ({_SAID}) said where {_NOT_NEW}",
        f"Of these, proven in the last {_OLD_PROOF}",
        f"select count(*) from ({_SAID}) said where {_NOT_NEW} and exists ({_PROVEN})",
        f"select said.reference from ({_SAID}) said where {_NOT_NEW} and not exists ({_PROVEN})",
    ),
    Comparison(
        "Every answer is owed one letter",
        "Answers recorded",
        f"select count(*) from ({_OWED}) owed",
        "Letters owed",
        "select count(*) from consent_letter",
        f"select owed.reference from ({_OWED}) owed where not exists ("
        "select from consent_letter l where l.choice_id = owed.id)",
    ),
    Comparison(
        "Every letter is sent or held",
        f"Letters owed for more than {LATE_LETTER}",
        f"select count(*) from ({_DUE}) due",
        "Of these, sent, held, or told another way",
        f"select count(*) from ({_DUE}) due where due.state in ('sent', 'held', 'told')",
        f"select due.reference from ({_DUE}) due where due.state not in ('sent', 'held', 'told')",
    ),
)


def compare() -> list[Compared]:
    """All comparisons, in one snapshot. Asked by the pipeline's login, outside a transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        return [_compared(each) for each in COMPARISONS]


def reconcile() -> Reconciliation:
    """Compare, and keep what came of it."""
    compared = compare()
    return Reconciliation.objects.create(
        agrees=all(each.agrees for each in compared),
        lines=[
            {
                "title": each.title,
                "agrees": each.agrees,
                "left": each.left,
                "left_query": each.left_query,
                "left_count": each.left_count,
                "right": each.right,
                "right_query": each.right_query,
                "right_count": each.right_count,
                "disagree": list(each.disagree),
            }
            for each in compared
        ],
    )


def latest() -> Reconciliation | None:
    """The last run."""
    return Reconciliation.objects.order_by("-at", "-pk").first()


def _compared(each: Comparison) -> Compared:
    return Compared(
        title=each.title,
        left=each.left,
        left_query=_told(each.left_query),
        left_count=_count(each.left_query),
        right=each.right,
        right_query=_told(each.right_query),
        right_count=_count(each.right_query),
        disagree=_references(each.differ),
    )


def _count(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        (count,) = cursor.fetchone()
    return int(count)


def _references(query: str) -> tuple[str, ...]:
    with connection.cursor() as cursor:
        cursor.execute(f"{query} limit {_MOST_LISTED}")
        return tuple(sorted(row[0] for row in cursor.fetchall()))


def _told(query: str) -> str:
    """A query as a page shows it: without empty lines."""
    return "\n".join(line.rstrip() for line in query.splitlines() if line.strip())
