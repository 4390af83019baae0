"""A form is declared once, and its fields render themselves as NHS.UK components."""

from __future__ import annotations

from typing import Any

from django.forms.renderers import Jinja2 as DjangoJinja


class NhsFormRenderer(DjangoJinja):
    """Django's own widgets are not used on our pages; this is for third parties' forms."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        """As Django does."""
        return super().render(template_name, context, request)
