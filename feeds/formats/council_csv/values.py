"""Coded values of Client Level Data: release 1's words as release 2 has them.

Files in use hold both releases' words, in any case, and words of neither. A word of neither stays
as it was sent: it is shown, and never the reason to lose an event.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SERVICE_COMPONENTS = (
    "Reablement", "Short term nursing care", "Short term residential care",
    "Long term nursing care", "Long term residential care", "Home support or domiciliary care",
    "Day support", "Meals", "Transport", "Equipment", "Direct payment", "Shared Lives",
    "Community supported living", "Extra care housing", "Professional support: Social worker",
    "Professional support: Other", "Learning, education or employment support",
    "End of life care", "Emergency support",
    "Other short term support", "Other long term support", "Unpaid carer respite",
    "Unpaid carer sitting service", "Unpaid carer universal services",
    "Other unpaid carer support",
)  # fmt: skip
_SERVICE_TYPES = (
    "Long term support: Nursing care", "Long term support: Residential care",
    "Long term support: Community", "Long term support: Prison",
    "Short term support: ST-Max", "Short term support: Ongoing low level",
    "Short term support: Other short term", "Unpaid carer support: Direct to unpaid carer",
    "Unpaid carer support: Support involving the person cared-for",
)  # fmt: skip
_OUTCOMES = (
    "Progress to reablement/ST-Max", "Progress to assessment, review or reassessment",
    "Progress to support planning or services", "Continuation of support or services",
    "Admitted to hospital", "NFA: Responsibility moved to another local authority",
    "NFA: Referral to NHS services or NHS funded social care",
    "NFA: Self-funded client or under 12wk disregard",
    "NFA: Information and advice or signposting",
    "NFA: Referral to other service within the local authority", "NFA: Support declined",
    "NFA: Deceased", "NFA: Support ended as planned", "NFA: Support ended for other reason",
    "NFA: No services offered for other reason", "NFA: Other",
)  # fmt: skip
_CLIENTS = ("Service user", "Unpaid carer", "Unpaid carer known by association")
_SUPPORT_REASONS = (
    "Physical support: Access and mobility only", "Physical support: Personal care support",
    "Sensory support: Support for visual impairment",
    "Sensory support: Support for hearing impairment",
    "Sensory support: Support for dual impairment", "Support with memory and cognition",
    "Learning disability support", "Mental health support",
    "Social support: Substance misuse support", "Social support: Asylum seeker support",
    "Social support: Support for social isolation or other reason",
    "Social support: Support to unpaid carer",
)  # fmt: skip

_RELEASE_1: Mapping[str, str] = {
    "Carer": "Unpaid carer",
    "Carer known by association": "Unpaid carer known by association",
    "Carer Support: Direct to Carer": "Unpaid carer support: Direct to unpaid carer",
    "Carer Support: Support involving the person cared-for": (
        "Unpaid carer support: Support involving the person cared-for"
    ),
    "Physical Support: Access & mobility only": "Physical support: Access and mobility only",
    "Support with Memory & Cognition": "Support with memory and cognition",
    "Social Support: Support for Social Isolation/Other": (
        "Social support: Support for social isolation or other reason"
    ),
    "Social Support: Support to Carer": "Social support: Support to unpaid carer",
    "Progress to Assessment": "Progress to assessment, review or reassessment",
    "Progress to Re-assessment / Unplanned Review": (
        "Progress to assessment, review or reassessment"
    ),
    "Progress to Support Planning / Services": "Progress to support planning or services",
    "Provision of service": "Progress to support planning or services",
    "No change in package": "Continuation of support or services",
    "Service ended as planned": "NFA: Support ended as planned",
    "NFA - Moved to another LA": "NFA: Responsibility moved to another local authority",
    "NFA - Self-funded client (Inc. 12wk disregard)": (
        "NFA: Self-funded client or under 12wk disregard"
    ),
    "NFA - Support declined": "NFA: Support declined",
    "NFA - Information & Advice / Signposting only": "NFA: Information and advice or signposting",
    "NFA - Deceased": "NFA: Deceased",
    "NFA - No services offered: Other reason": "NFA: No services offered for other reason",
    "NFA - Support ended: Other reason": "NFA: Support ended for other reason",
    "NFA- Other": "NFA: Other",
}


def _folded(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", words.casefold().replace("&", "and")).strip()


#: Both releases' words, as they are compared, to release 2's.
_BY_WORDS: Mapping[str, str] = {
    _folded(value): value
    for value in (
        *_SERVICE_COMPONENTS,
        *_SERVICE_TYPES,
        *_OUTCOMES,
        *_CLIENTS,
        *_SUPPORT_REASONS,
    )
} | {_folded(old): new for old, new in _RELEASE_1.items()}


def release_2(words: str) -> str:
    """A value in the words of release 2; what neither release has is given back as it is."""
    return _BY_WORDS.get(_folded(words), words)


def outcome_in_words(outcome: str) -> str:
    """An outcome as a page shows it: ``NFA: Support declined`` as ``Support declined``.

    "No further action" says little to a nurse; what follows the colon says what happened.
    """
    said = release_2(outcome)
    return said.removeprefix("NFA: ") if said != "NFA: Other" else "No further action"
