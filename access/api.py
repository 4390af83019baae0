"""Django REST framework's part of the walls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

if TYPE_CHECKING:  # the framework reads this module while it is importing these
    from rest_framework.request import Request
    from rest_framework.views import APIView


class DenyAll(BasePermission):
    """What holds where an API view names no permission."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's
        """No."""
        return False
