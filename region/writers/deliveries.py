"""Residents as the files that their sources deliver: ``<source>/<form>/<file>``, one after another.

Nothing of a resident is kept once they are written, so that a region of any size is written in
bounded memory; the same residents give the same bytes. GP Connect is a file for each person, as it
is asked for person by person; everything else is a file or more for a source and form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from region.organisations import teams_of
from region.sending import Form, forms_of, sendings, sends_bundles
from region.writers import council_csv, edifact, fhir_r4, gp_connect, hl7v2
from region.writers.fhir_values import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from region.model import Resident
    from region.organisations import RegionOrganisations
    from region.sending import Sending

#: A bundle is one document, of which its readers take 64 MiB at most; a new one is begun before.
LARGEST_BUNDLE = 16 << 20
#: No folder has more files than this: GP Connect's are put into folders of so many.
FILES_IN_A_FOLDER = 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one source delivers in one form: a file, or several that belong together.

    ``items`` counts what a reader finds in them: resources, messages or rows.
    """

    source: str
    form: Form
    files: tuple[Path, ...]
    items: int


@dataclass(slots=True)
class _Written:
    """The files of one source and form while they are being written."""

    folder: Path
    files: list[Path] = field(default_factory=list)
    items: int = 0
    open_file: BinaryIO | None = None
    written: int = 0

    def begin(self, name: str) -> BinaryIO:
        """A new file; what was open is closed."""
        self.end()
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.files.append(path)
        self.open_file = path.open("wb")
        self.written = 0
        return self.open_file

    def end(self) -> None:
        """Close what is open."""
        if self.open_file is not None:
            self.open_file.close()
            self.open_file = None

    def put(self, content: bytes) -> None:
        """Append to what is open. Raises RuntimeError if nothing is: a mistake here."""
        if self.open_file is None:
            message = "a file is begun before anything is written to it"
            raise RuntimeError(message)
        self.open_file.write(content)
        self.written += len(content)


def write(
    residents: Iterable[Resident],
    folder: Path,
    *,
    seed: int,
    today: date,
    organisations: RegionOrganisations,
) -> list[Delivery]:
    """Write what all sources send of these residents, and say what was written.

    Practices come first in the answer, as they know everybody. Files of the same names are
    replaced; the folder is made if need be.
    """
    writer = _Writer(folder, seed=seed, today=today, organisations=organisations)
    try:
        for resident in residents:
            writer.add(resident)
        writer.finish()
    finally:
        writer.close()
    return list(writer.deliveries())


class _Writer:
    def __init__(
        self, folder: Path, *, seed: int, today: date, organisations: RegionOrganisations
    ) -> None:
        self._seed = seed
        self._today = today
        self._organisations = organisations
        self._teams = {each.code: each for each in teams_of(organisations)}
        self._written: dict[tuple[str, Form], list[_Written]] = {}
        self._folder = folder
        self._put: dict[Form, Callable[[Resident, Sending], None]] = {
            Form.FHIR_R4: self._fhir,
            Form.GP_CONNECT: self._gp_connect,
            Form.HL7V2: self._hl7v2,
            Form.EDIFACT: self._edifact,
            Form.COUNCIL_CSV: self._council_csv,
        }

    def add(self, resident: Resident) -> None:
        """Write one resident."""
        for sending in sendings(resident, self._organisations):
            self._put[sending.form](resident, sending)

    def finish(self) -> None:
        """Write what ends a file."""
        for (source, form), parts in self._written.items():
            if form is Form.EDIFACT:
                parts[0].put(edifact.interchange_trailer(parts[0].items))
            elif form is Form.FHIR_R4 and sends_bundles(source, self._organisations):
                parts[0].put(b"\n]}\n")

    def close(self) -> None:
        """Close all files."""
        for parts in self._written.values():
            for part in parts:
                part.end()

    def deliveries(self) -> Iterator[Delivery]:
        """What was written, practices first."""
        for organisation in self._organisations.all():
            for form in forms_of(organisation.code, self._organisations):
                if parts := self._written.get((organisation.code, form)):
                    files = tuple(file for part in parts for file in part.files)
                    items = sum(part.items for part in parts)
                    yield Delivery(organisation.code, form, files, items)

    def _part(self, sending: Sending, number: int = 0) -> _Written:
        key = sending.known.source, sending.form
        folder = self._folder / sending.known.source / sending.form
        parts = self._written.setdefault(key, [])
        while len(parts) <= number:
            parts.append(_Written(folder))
        return parts[number]

    def _fhir(self, resident: Resident, sending: Sending) -> None:
        part = self._part(sending)
        made = list(fhir_r4.resources(resident, sending, seed=self._seed))
        part.items += len(made)
        if not sends_bundles(sending.known.source, self._organisations):
            if part.open_file is None:
                part.begin(f"{sending.known.source}.ndjson")
            part.put("".join(f"{as_json(each)}\n" for each in made).encode())
            return
        if part.open_file is None or part.written > LARGEST_BUNDLE:
            if part.open_file is not None:
                part.put(b"\n]}\n")
            part.begin(f"{sending.known.source}-{len(part.files) + 1}.json")
            part.put(b'{"resourceType":"Bundle","type":"collection","entry":[\n')
        else:
            part.put(b",\n")
        entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in made]
        part.put(",\n".join(map(as_json, entries)).encode())

    def _gp_connect(self, resident: Resident, sending: Sending) -> None:
        part = self._part(sending)
        number = len(part.files)
        folder = f"{number // FILES_IN_A_FOLDER:04d}"
        part.begin(f"{folder}/{number % FILES_IN_A_FOLDER:04d}.json")
        part.put(gp_connect.bundle(resident, sending, seed=self._seed, today=self._today))
        part.items += 1
        part.end()

    def _hl7v2(self, resident: Resident, sending: Sending) -> None:
        part = self._part(sending)
        if part.open_file is None:
            part.begin(f"{sending.known.source}.hl7")
        for message in hl7v2.messages(resident, sending, self._teams):
            part.put(message)
            part.items += 1

    def _edifact(self, resident: Resident, sending: Sending) -> None:
        part = self._part(sending)
        if part.open_file is None:
            part.begin(f"{sending.known.source}.edi")
            taken = gp_connect.taken_on(self._today)
            part.put(edifact.interchange_header(sending.known.source, taken))
        for message in edifact.messages(resident, sending, first=part.items + 1):
            part.put(message)
            part.items += 1

    def _council_csv(self, resident: Resident, sending: Sending) -> None:
        people, events = self._part(sending), self._part(sending, 1)
        if people.open_file is None:
            people.begin("people.csv")
            people.put(council_csv.header(council_csv.PEOPLE))
            events.begin("services.csv")
            events.put(council_csv.header(council_csv.EVENTS))
        people.put(council_csv.person_row(resident, sending, today=self._today))
        people.items += 1
        for row in council_csv.event_rows(resident, sending, today=self._today):
            events.put(row)
            events.items += 1
