"""Why someone may see a record that nothing else opens: the national list of access reasons.

Source: NHS access reason codes (message implementation manual 3.1.09, vocabulary
``AccessReasonCode``). Codes that end in purposes other than the person's own care are listed
because the list is the nation's, and offered nowhere: Connect Care is for direct care.
"""

from __future__ import annotations

from django.db.models import TextChoices


class AccessReason(TextChoices):
    """A reason, by its national code."""

    PUBLIC_INTEREST = "01", "Public interest"
    STATUTE = "02", "Required by statute"
    COURT_ORDER = "03", "Court order"
    BEST_INTERESTS = "04", "Best interests of the person"
    HEALTH_AND_SOCIAL_CARE_ACT = "05", "Health and Social Care Act regulations"
    OTHER = "06", "Another reason"
    CONSENT_RESEARCH = "07", "Express consent: research"
    CONSENT_CLINICAL_AUDIT = "08", "Express consent: clinical audit"
    CONSENT_FINANCIAL_AUDIT = "09", "Express consent: financial audit"
    CONSENT_OTHER_AUDIT = "10", "Express consent: another audit"
    CONSENT_PUBLIC_HEALTH = "11", "Express consent: public health"
    CONSENT_MANAGEMENT = "12", "Express consent: service management"
    CONSENT_ENQUIRY = "13", "Express consent: the person's own enquiry"
    CONSENT_OTHER = "14", "Express consent: another purpose"
    REFERRAL_FROM_COLLEAGUE = "15", "Colleague responding to a referral"
    SELF_REFERRAL = "16", "The person referred themselves"
    REGISTERED_PATIENT = "17", "Registered patient"


#: What lets glass be broken, and nothing else does (NHS England, permission to view: the person
#: cannot be asked and it is in their best interests; court order; public interest; statute).
EMERGENCY = (
    (
        AccessReason.BEST_INTERESTS,
        "They cannot tell me, and it is in their best interests",
        "They are unconscious, or cannot communicate or decide",
    ),
    (AccessReason.COURT_ORDER, "A court has ordered it", "Say which order in your own words below"),
    (
        AccessReason.PUBLIC_INTEREST,
        "It is in the public interest",
        "To prevent serious harm to others, or a serious crime",
    ),
    (AccessReason.STATUTE, "The law requires it", "Say which Act in your own words below"),
)
#: What a staff member may say of their own involvement.
INVOLVED = (
    (AccessReason.SELF_REFERRAL, "The person came to us themselves"),
    (AccessReason.REFERRAL_FROM_COLLEAGUE, "A colleague referred the person to me"),
    (AccessReason.REGISTERED_PATIENT, "The person is registered with us"),
    (AccessReason.OTHER, "Another reason", "Say which in your own words below"),
)
#: What the person may have agreed to.
AGREED = (
    (AccessReason.CONSENT_ENQUIRY, "To answer something that they asked"),
    (AccessReason.CONSENT_OTHER, "For another part of their care", "Say which below"),
)
#: A colleague lets a colleague in because they share the person's care.
GRANTED = AccessReason.REFERRAL_FROM_COLLEAGUE
#: Words are needed beside every reason: a few letters are none.
FEWEST_LETTERS = 10
#: The same, as the database asks it: they begin and end with one that can be seen.
HAS_WORDS = r"\S.{8,}\S"
MOST_LETTERS = 500
