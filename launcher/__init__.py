"""Set-up and running: the environment, the servers, the demo, the tests and the checks.

``bin/launch`` enters by ``bootstrap.py``, which needs nothing but Python, makes the environment and
goes on with ``python -m launcher``. Nothing here is imported by the applications.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The folder of this checkout."""

MANAGE = str(ROOT / "manage.py")
"""Django's commands."""
