"""The legal grounds on which what is withheld may be disclosed, each with its source in words.

A refusal is not overridden because it would be useful. Each ground is one on which confidential
information may be disclosed without consent (common law and UK GDPR articles 6 and 9; the NHS's
access reason codes 01 to 04), and what was relied on is said in the officer's own words beside it.
"""

from __future__ import annotations

from django.db.models import TextChoices


class Ground(TextChoices):
    """Why the law lets a withheld record be seen."""

    VITAL_INTERESTS = "vital-interests", "Vital interests"
    SAFEGUARDING = "safeguarding", "Safeguarding"
    COURT_ORDER = "court-order", "Court order"
    STATUTORY_DUTY = "statutory-duty", "Statutory duty"
    PUBLIC_INTEREST = "public-interest", "Public interest"
    CORONER = "coroner", "Coroner or medical examiner"


#: What each asks of whoever relies on it.
HINTS: dict[Ground, str] = {
    Ground.VITAL_INTERESTS: "To protect somebody’s life, where they cannot be asked",
    Ground.SAFEGUARDING: (
        "An enquiry, a review or a request for information under the Care Act 2014, "
        "sections 42 to 45"
    ),
    Ground.COURT_ORDER: "A court has ordered it. Give the court and the order’s number below",
    Ground.STATUTORY_DUTY: "An Act requires it. Give the Act and the section below",
    Ground.PUBLIC_INTEREST: "To prevent or detect a serious crime, or serious harm to others",
    Ground.CORONER: "An investigation of a death (Coroners and Justice Act 2009)",
}

#: On these alone one on-call officer may act before a second one confirms: what cannot wait.
CANNOT_WAIT = (Ground.VITAL_INTERESTS, Ground.SAFEGUARDING)
