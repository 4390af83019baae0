"""The record categories: the one list that roles, agreements, entries and pages share.

The number of a category is part of every entry's grant key
(``source * 64 + category * 2 + sensitive``), so it is fixed for ever and lies in 1…31.
"""

from organisations.choices import Numbers


class Category(Numbers):
    """One kind of content of a record, as a role or an agreement may name it."""

    APPOINTMENTS = 1, "Appointments and referrals"
    CONTACTS = 2, "Admissions, attendances and discharges"
    DIAGNOSES = 3, "Diagnoses and problems"
    MEDICATIONS = 4, "Medications"
    ALLERGIES = 5, "Allergies and adverse reactions"
    LAB_RESULTS = 6, "Blood and other laboratory results"
    MEASUREMENTS = 7, "Measurements"
    IMAGING = 8, "Imaging"
    PROCEDURES = 9, "Procedures and vaccinations"
    DOCUMENTS = 10, "Documents"
    CARE_PLANS = 11, "Care plans and decisions"
    SOCIAL_CARE_ASSESSMENTS = 12, "Social care assessments"
    SOCIAL_CARE_SERVICES = 13, "Social care services"
    PEOPLE_INVOLVED = 14, "People involved"
    ALERTS = 15, "Alerts"
    SAFEGUARDING = 16, "Safeguarding"


#: Shown by every source unless a role is narrower; safeguarding is named on its own.
CLINICIANS_READ = frozenset(Category) - {Category.SAFEGUARDING}

#: What a council's social workers read: all that clinicians do, less results that need
#: clinical interpretation.
SOCIAL_WORKERS_READ = CLINICIANS_READ - {Category.LAB_RESULTS, Category.IMAGING}

#: What only a council's adult social care sends.
SOCIAL_CARE = frozenset({Category.SOCIAL_CARE_SERVICES, Category.SOCIAL_CARE_ASSESSMENTS})
