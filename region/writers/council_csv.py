"""What a council sends of one person: a row of its people, and Client Level Data beside it.

Client Level Data is the national return (Department of Health and Social Care, release 2), which
names nobody; the extract of people has no standard. It has no place for a council's own words of a
service, so those stand in ``Event_Description``.
"""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

from region import model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from region.model import Resident, SourcePerson
    from region.sending import Sending

PEOPLE = (
    "LA_Person_Unique_Identifier", "NHS_Number", "NHS_Number_Status", "Title", "Family_Name",
    "Given_Names", "Date_of_Birth", "Date_of_Death", "Gender", "Address_Line_1", "Address_Line_2",
    "Address_Line_3", "Postcode", "Phone", "GP_Practice_Code", "Language", "Interpreter_Needed",
    "Allocated_Worker", "Allocated_Worker_Role", "Allocated_Team", "Allocated_Team_Code",
    "Allocated_Phone", "Allocated_From", "Allocated_To", "Extract_Date",
)  # fmt: skip
EVENTS = (
    "LA_Code", "Reporting_Period_Start_Date", "Reporting_Period_End_Date",
    "LA_Person_Unique_Identifier", "NHS_Number", "GP_Practice_Code", "Gender", "Date_of_Birth",
    "Date_of_Death", "Client_Type", "Primary_Support_Reason", "Postcode", "Event_Type",
    "Event_Reference", "Event_Start_Date", "Event_End_Date", "Event_Description", "Event_Outcome",
    "Assessment_Type", "Service_Type", "Service_Component", "Delivery_Mechanism",
)  # fmt: skip
_REASON, _QUARTER = "Physical support: Personal care support", timedelta(days=92)


def header(columns: tuple[str, ...]) -> bytes:
    """A file's first line, with the mark by which Excel knows UTF-8."""
    return b"\xef\xbb\xbf" + _row(columns)


def person_row(resident: Resident, sending: Sending, *, today: date) -> bytes:
    """The person's row, with the worker who is allocated."""
    person, known, address = resident.person, sending.known, resident.home.address
    *street, town, city = address.lines
    said = _who(resident, known) | {
        "NHS_Number_Status": known.verification if known.nhs_number is not None else "",
        "Title": person.title,
        "Family_Name": person.family,
        "Given_Names": " ".join(person.given),
        "Address_Line_1": ", ".join(street),
        "Address_Line_2": town,
        "Address_Line_3": city,
        "Phone": resident.home.phone,
        "Language": "" if person.language == "en" else person.language,
        "Interpreter_Needed": "Yes" if person.interpreter else "No",
        "Extract_Date": _day(today),
    }
    for fact in sending.facts:
        if isinstance(fact, model.AllocatedWorker):
            said |= {
                "Allocated_Worker": fact.name,
                "Allocated_Worker_Role": fact.role,
                "Allocated_Team": fact.team_name,
                "Allocated_Team_Code": fact.team or "",
                "Allocated_Phone": fact.phone,
                "Allocated_From": _day(fact.at),
                "Allocated_To": _day(fact.ended),
            }
    return _row(said.get(column, "") for column in PEOPLE)


def event_rows(resident: Resident, sending: Sending, *, today: date) -> Iterator[bytes]:
    """A row for each assessment and service."""
    common = _who(resident, sending.known) | {
        "LA_Code": sending.known.source,
        "Reporting_Period_Start_Date": _day(today - _QUARTER),
        "Reporting_Period_End_Date": _day(today),
        "Client_Type": "Service user",
        "Primary_Support_Reason": _REASON,
    }
    for fact in sending.facts:
        match fact:
            case model.SocialCareAssessment():
                said = {
                    "Event_Type": "Assessment",
                    "Event_End_Date": _day(fact.at),
                    "Assessment_Type": fact.title,
                    "Event_Description": fact.summary,
                    "Event_Outcome": "Progress to support planning or services",
                }
            case model.SocialCareService():
                said = {
                    "Event_Type": "Service",
                    "Event_End_Date": _day(fact.ended),
                    "Service_Type": fact.category,
                    "Service_Component": fact.component,
                    "Event_Description": f"{fact.frequency}. Provider: {fact.provider}",
                    "Delivery_Mechanism": "Council managed service",
                }
            case _:
                continue
        said |= {"Event_Start_Date": _day(fact.at), "Event_Reference": fact.key}
        row = common | said
        yield _row(row.get(column, "") for column in EVENTS)


def _who(resident: Resident, known: SourcePerson) -> dict[str, str]:
    """What both files say of the person."""
    person = resident.person
    return {
        "LA_Person_Unique_Identifier": known.local_id,
        "NHS_Number": known.nhs_number or "",
        "GP_Practice_Code": person.practice,
        "Gender": person.sex.capitalize(),
        "Date_of_Birth": _day(known.birth_date),
        "Date_of_Death": _day(person.died_on),
        "Postcode": resident.home.address.postcode,
    }


def _day(at: date | datetime | None) -> str:
    return "" if at is None else f"{at:%d/%m/%Y}"


def _row(cells: Iterable[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue().encode()
