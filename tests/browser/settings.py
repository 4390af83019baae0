"""The portal's own settings, and that each answer names the templates it was made from.

For the portal that the browser tests visit, and for nothing else.
"""

from __future__ import annotations

from connectcare.settings import *  # noqa: F403  Django's way to begin with other settings
from connectcare.settings import MIDDLEWARE, TEMPLATES

OURS, THIRD_PARTIES = TEMPLATES
NOTING = "tests.browser.made_from"

MIDDLEWARE = [f"{NOTING}.SaysItsTemplates", *MIDDLEWARE]
TEMPLATES = [
    {**OURS, "OPTIONS": {**OURS["OPTIONS"], "environment": f"{NOTING}.environment"}},
    THIRD_PARTIES,
]
