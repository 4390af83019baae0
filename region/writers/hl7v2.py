"""What a trust sends of one person as HL7 v2.4 messages, in the order in which it happened.

The person is introduced first (``ADT^A28``). A stay is its admission and its discharge, an
appointment what was said of it last, a laboratory's or radiology's report an ``ORU^R01``, a letter
an ``MDM^T02``; problems are one ``PPR^PC1`` and allergies one ``ADT^A60``. Places carry the
team's code as the point of care (PL-1) and its name as the description (PL-9), so that whoever
reads them finds the team.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from region import model
from region.panels import panels_of
from region.writers.hl7v2_syntax import coded, message, parts, segment, staff, text, when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from region.model import Fact, Resident, SourcePerson
    from region.organisations import Team
    from region.panels import Panel
    from region.sending import Sending

_SEXES = {"female": "F", "male": "M"}
_CLASSES = {"inpatient": "I", "emergency": "E", "home": "H"}
_SEVERITIES = {"mild": "MI", "moderate": "MO", "severe": "SV"}
#: What was said last of an appointment: the event, and SCH-25 (table 0278).
_APPOINTMENTS = {
    "booked": ("S12", "Booked"),
    "fulfilled": ("S14", "Complete"),
    "noshow": ("S26", "Noshow"),
    "cancelled": ("S15", "Cancelled"),
}


def messages(resident: Resident, sending: Sending, teams: dict[str, Team]) -> Iterator[bytes]:
    """Every message of the person, the one that introduces them first."""
    writer = Messages(resident, sending.known, teams)
    yield writer.introduced()
    made: list[tuple[datetime, int, bytes]] = []
    for fact in sending.facts:
        made += [(sent, len(made) + n, raw) for n, (sent, raw) in enumerate(writer.of(fact))]
    for panel in panels_of(sending.facts):
        made.append((panel.recorded, len(made), writer.results(panel)))
    problems = [each for each in sending.facts if isinstance(each, model.Condition)]
    if problems:
        sent = max(each.recorded for each in problems)
        made.append((sent, len(made), writer.problems(problems, sent)))
    allergies = [each for each in sending.facts if isinstance(each, model.Allergy)]
    if allergies:
        sent = max(each.recorded for each in allergies)
        made.append((sent, len(made), writer.allergies(allergies, sent)))
    yield from (raw for _, _, raw in sorted(made))


def pid(resident: Resident, known: SourcePerson) -> str:
    """``PID`` as the source has the person: its own number, the NHS number, name and address."""
    person, home = resident.person, resident.home
    numbers = [parts(known.local_id, "", "", known.source, "MR")]
    if known.nhs_number is not None:
        numbers.append(parts(known.nhs_number, "", "", "NHS", "NH"))
    given, middle = "".join(person.given[:1]), " ".join(person.given[1:])
    *street, town, city = home.address.lines
    return segment(
        "PID",
        f1="1",
        f3="~".join(numbers),
        f5=parts(*map(text, (person.family, given, middle, "", person.title)), "", "L"),
        f7=when(known.birth_date),
        f8=_SEXES.get(person.sex, "U"),
        f11=parts(text(", ".join(street)), text(town), text(city), "", home.address.postcode, "",
                  "H"),
        f13=parts(home.phone, "PRN"),
        f15="" if person.language == "en" else person.language,
        f29=when(person.died_on) if person.died_on else "",
        f30="Y" if person.died_on else "",
        f32="NSTS" + known.verification if known.nhs_number is not None else "",
    )  # fmt: skip


def pd1(resident: Resident) -> str:
    """``PD1``: the practice that the person is registered with."""
    return segment("PD1", f3=parts("", "", resident.person.practice))


def place(team: Team | None, words: str = "") -> str:
    """A PL: the team as the point of care, its site, and what the place is called."""
    if team is None:
        return parts(text(words))
    site = f"&{text(team.site)}" if team.site else ""
    return parts(team.code, "", "", site, "", "", "", "", text(team.name))


class Messages:
    """Writes one person's messages."""

    def __init__(self, resident: Resident, known: SourcePerson, teams: dict[str, Team]) -> None:
        self._known = known
        self._teams = teams
        self._person = (pid(resident, known), pd1(resident))

    def introduced(self) -> bytes:
        """Who the person is, as of the version that the source has."""
        sent = self._known.version
        return self._message("ADT^A28", sent, "A28")

    def of(self, fact: Fact) -> Iterator[tuple[datetime, bytes]]:
        """The messages of one fact that has some of its own, with when each was sent."""
        match fact:
            case model.Encounter():
                yield from self._visit(fact)
            case model.Appointment():
                yield fact.recorded, self.appointment(fact)
            case model.Document():
                yield fact.recorded, self._document(fact)
            case model.Imaging():
                yield fact.recorded, self._imaging(fact)
            case _:
                pass

    def _message(self, kind: str, sent: datetime, key: str, *after: str) -> bytes:
        control = f"{self._known.source}{self._known.local_id}{key}"
        evn = segment("EVN", f1=kind[4:], f2=when(sent), f6=when(sent))
        return message(
            kind, *([] if kind.startswith("ORU") else [evn]), *self._person, *after,
            source=self._known.source, system="PAS", sent=sent, control=control,
        )  # fmt: skip

    def _number(self, fact: Fact) -> str:
        """The source's number of something: its own of the person, and which of theirs it is."""
        letter, _, count = fact.key.partition("-")
        return f"{self._known.local_id}{letter[0].upper()}{count}"

    def _team(self, fact: Fact) -> Team | None:
        return self._teams.get(fact.team or "")

    # ── Visits and appointments ─────────────────────────────────────────────────────────────

    def _visit(self, fact: model.Encounter) -> Iterator[tuple[datetime, bytes]]:
        begun = _moment(fact.at)
        came = "A05" if fact.status == "planned" else "A04"
        if fact.setting == "inpatient" and came == "A04":
            came = "A01"
        stays = fact.setting in _CLASSES
        ends = fact.ended if stays and fact.status == "finished" else None
        if fact.setting != "home" or ends is None:
            yield begun, self.visit(fact, came, begun)
        if ends is not None:
            yield ends, self.visit(fact, "A03", ends)

    def visit(self, fact: model.Encounter, event: str, at: datetime) -> bytes:
        """One event of a visit, as it stood ``at`` that time."""
        ends = fact.ended if event == "A03" else None
        pv1 = segment(
            "PV1",
            f1="1",
            f2=_CLASSES.get(fact.setting, "O"),
            f3=place(self._team(fact), fact.place),
            f7=staff(fact.author),
            f10=parts("", text(fact.what.text)),
            f19=parts(self._number(fact), "", "", self._known.source, "VN"),
            f36=parts("", text(fact.discharged_to)) if ends else "",
            f44=when(fact.at),
            f45=when(ends) if ends else "",
        )
        expected = fact.expected_discharge
        pv2 = segment(
            "PV2",
            f3=parts("", text(fact.reason)),
            f8=when(fact.at) if event == "A05" else "",
            f9=when(expected) if expected else "",
        )
        key = f"{fact.key}{event}"
        return self._message(f"ADT^{event}", at, key, pv1, pv2)

    def appointment(self, fact: model.Appointment) -> bytes:
        """What was said last of an appointment."""
        event, filled = _APPOINTMENTS[fact.status]
        begins = _moment(fact.at)
        ends = begins + timedelta(minutes=fact.minutes)
        sch = segment(
            "SCH",
            f2=parts(self._number(fact), self._known.source),
            f7=parts("", text(fact.note)),
            f9=f"{fact.minutes}",
            f10="MIN",
            f11=parts("", "", "", when(begins), when(ends)),
            f25=filled,
        )
        ais = segment("AIS", f1="1", f3=parts("", text(fact.what.text)), f4=when(begins))
        ail = segment("AIL", f1="1", f3=place(self._team(fact), fact.place))
        aip = segment("AIP", f1="1", f3=staff(fact.author))
        key = f"{fact.key}{event}"
        return self._message(f"SIU^{event}", fact.recorded, key, sch, "RGS|1", ais, ail, aip)

    # ── Documents, reports, results ─────────────────────────────────────────────────────────

    def _document(self, fact: model.Document) -> bytes:
        txa = segment(
            "TXA", f1="1", f2=parts("", text(fact.title)), f3="TX", f4=when(fact.at),
            f6=when(fact.recorded), f9=staff(fact.author),
            f12=parts(self._number(fact), self._known.source), f17="AU",
        )  # fmt: skip
        obx = segment(
            "OBX", f1="1", f2="FT", f3=parts("", text(fact.title)), f5=text(fact.text), f11="F"
        )
        return self._message("MDM^T02", fact.recorded, fact.key, txa, obx)

    def _imaging(self, fact: model.Imaging) -> bytes:
        lines = [
            segment("OBX", f1=str(number), f2="TX", f3=coded(fact.what), f5=text(line), f11="F",
                    f16=staff(fact.author))
            for number, line in enumerate(fact.conclusion.splitlines(), start=1)
        ]  # fmt: skip
        obr = self._order(fact, fact.what, "RAD")
        return self._message("ORU^R01", fact.recorded, fact.key, obr, *lines)

    def _order(self, fact: Fact, what: model.Coded, section: str) -> str:
        return segment(
            "OBR", f1="1", f3=parts(self._number(fact), self._known.source), f4=coded(what),
            f7=when(fact.at), f22=when(fact.recorded), f24=section, f25="F",
        )  # fmt: skip

    def results(self, panel: Panel) -> bytes:
        """A laboratory's report of a panel, or of one result under its own name."""
        obr = self._order(panel.head, panel.what, "LAB")
        lines = [obr]
        if panel.conclusion:
            lines.append(segment("NTE", f1="1", f3=text(panel.conclusion)))
        for number, fact in enumerate(panel.results, start=1):
            flag = fact.interpretation
            lines.append(segment(
                "OBX", f1=str(number), f2="NM", f3=coded(fact.what),
                f5=f"{fact.comparator}{fact.value}", f6=text(fact.unit), f7=_range(fact),
                f8="" if flag == "N" else flag, f11="F", f14=when(fact.at), f16=staff(fact.author),
            ))  # fmt: skip
        return self._message("ORU^R01", panel.recorded, panel.head.key, *lines)

    # ── Problems and allergies ──────────────────────────────────────────────────────────────

    def problems(self, facts: list[model.Condition], sent: datetime) -> bytes:
        """All problems of the person."""
        lines = []
        for fact in facts:
            lines.append(segment(
                "PRB", f1="AD", f2=when(fact.recorded), f3=coded(fact.what),
                f4=self._number(fact), f7=when(fact.recorded),
                f9=when(fact.ended) if fact.ended else "",
                f13=parts("", fact.status.capitalize()), f16=when(fact.at),
            ))  # fmt: skip
            if fact.note:
                lines.append(segment("NTE", f1="1", f3=text(fact.note)))
        return self._message("PPR^PC1", sent, "problems", *lines)

    def allergies(self, facts: list[model.Allergy], sent: datetime) -> bytes:
        """All allergies of the person, or that none is known."""
        lines = []
        for number, fact in enumerate(facts, start=1):
            severity = "SV" if fact.criticality == "high" else _SEVERITIES.get(fact.severity, "")
            lines.append(segment(
                "IAM", f1=str(number), f3=coded(fact.what), f4=severity,
                f5="~".join(text(each.text) for each in fact.reactions), f6="A",
                f7=self._number(fact), f11=when(fact.at), f13=when(fact.recorded),
                f14=staff(fact.author), f17="A" if fact.status == "active" else "I",
            ))  # fmt: skip
        return self._message("ADT^A60", sent, "allergies", *lines)


def _moment(at: object) -> datetime:
    """The time of what has one. Raises TypeError for a day alone: a story's mistake."""
    if not isinstance(at, datetime):
        message_ = "a visit or an appointment has a time, and not a day alone"
        raise TypeError(message_)
    return at


def _range(fact: model.LabResult) -> str:
    """OBX-7: what is usual, either side open."""
    if fact.low is not None and fact.high is not None:
        return f"{fact.low}-{fact.high}"
    if fact.high is not None:
        return f"<{fact.high}"
    return f">{fact.low}" if fact.low is not None else ""
