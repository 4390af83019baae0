"""The columns that are understood, by name, whatever their order.

Client Level Data: the fields of release 2, which are those of release 1 under the same names
(Department of Health and Social Care, Adult Social Care Client Level Data specification). The
person extract has no standard: its columns are ours, with the names that systems give them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

CASE = "LA_Person_Unique_Identifier"
EVENT_TYPE = "Event_Type"
FAMILY_NAME = "Family_Name"
BIRTH_DATE = "Date_of_Birth"

#: Client Level Data that becomes part of the record, or of who somebody is.
OF_EVENTS = (
    EVENT_TYPE, "Event_Start_Date", "Event_End_Date", "Event_Description", "Event_Outcome",
    "Client_Type", "Primary_Support_Reason", "Reporting_Period_Start_Date",
    "Reporting_Period_End_Date", "Request_Route_of_Access", "Assessment_Type",
    "Eligible_Needs_Identified", "Method_of_Assessment", "Service_Type", "Service_Component",
    "Delivery_Mechanism", "Provider_CQC_Location_ID", "Review_Reason",
    "Review_Outcomes_Achieved", "Method_of_Review", "Cost_Frequency_Unit_Type",
    "Planned_units_per_week",
)  # fmt: skip
#: Client Level Data that is read and not used: about money, statistics and other people.
NOT_USED = (
    "LA_Code", "Ethnicity", "Accommodation_Status", "Employment_Status", "Has_Unpaid_Carer",
    "Autism_Spectrum_Disorder_ASD", "Visual_Impairment", "Hearing_Impairment", "Dementia",
    "Client_Funding_Status", "Event_Reference", "Total_Hrs_Caring_per_week",
    "No_of_adults_being_cared_for", "Adult_1_Linked_Person_ID", "Adult_2_Linked_Person_ID",
    "Adult_3_Linked_Person_ID", "Unit_Cost",
)  # fmt: skip
#: The person extract, with the other names that its columns have in councils' systems.
OF_PERSONS: Mapping[str, tuple[str, ...]] = {
    CASE: (
        "Person_ID", "Case_Number", "Case_ID", "Client_ID", "Mosaic_ID", "LAS_ID",
        "Person_Reference",
    ),
    "NHS_Number": ("NHS_No", "NHS"),
    "NHS_Number_Status": ("NHS_Number_Status_Code", "NHS_Number_Verified"),
    "Title": (),
    FAMILY_NAME: ("Surname", "Last_Name"),
    "Given_Names": ("Given_Name", "First_Name", "First_Names", "Forename", "Forenames"),
    BIRTH_DATE: ("DOB", "Birth_Date"),
    "Date_of_Death": ("DOD",),
    "Gender": ("Sex",),
    "Address_Line_1": ("Address_1", "Address"),
    "Address_Line_2": ("Address_2",),
    "Address_Line_3": ("Address_3", "Town"),
    "Address_Line_4": ("Address_4", "County"),
    "Postcode": ("Post_Code",),
    "Phone": ("Telephone", "Phone_Number", "Telephone_Number", "Home_Phone"),
    "GP_Practice_Code": ("GP_Code", "Practice_Code"),
    "Language": ("Preferred_Language", "First_Language"),
    "Interpreter_Needed": ("Interpreter_Required", "Interpreter"),
    "Restricted": ("Restricted_Record", "Sensitive_Record"),
    "Allocated_Worker": ("Worker", "Worker_Name", "Allocated_Worker_Name", "Key_Worker"),
    "Allocated_Worker_Role": ("Worker_Role", "Worker_Job_Title"),
    "Allocated_Team": ("Team", "Team_Name"),
    "Allocated_Team_Code": ("Team_Code", "Team_ID"),
    "Allocated_Phone": ("Worker_Phone", "Team_Phone", "Allocated_Worker_Phone"),
    "Allocated_From": ("Allocation_Start_Date", "Allocated_Date"),
    "Allocated_To": ("Allocation_End_Date",),
    "Sharing_Asked_On": ("Sharing_Consent_Date", "Consent_To_Share_Date"),
    "Sharing_Answer": ("Sharing_Consent", "Consent_To_Share"),
    "Sharing_Decided_By": ("Sharing_Consent_By", "Consent_Given_By"),
    "Extract_Date": ("Extracted_On", "Date_of_Extract"),
}  # fmt: skip

COLUMNS: tuple[str, ...] = tuple(dict.fromkeys((*OF_PERSONS, *OF_EVENTS, *NOT_USED)))


def folded(header: str) -> str:
    """A header as it is compared: without case, spaces, marks."""
    return re.sub(r"[^a-z0-9]+", "_", header.casefold()).strip("_")


_KNOWN: Mapping[str, str] = {
    folded(name): column for column in COLUMNS for name in (column, *OF_PERSONS.get(column, ()))
}


def column_of(header: str) -> str | None:
    """The column that a header names, if it is one that is understood."""
    return _KNOWN.get(folded(header))


def named_twice(columns: Iterable[str | None]) -> str | None:
    """The first column that several headers name."""
    seen: set[str] = set()
    for column in columns:
        if column is not None and column in seen:
            return column
        seen.add(column or "")
    return None
