"""An OpenID provider of another maker, for the tests of signing in through one."""

from __future__ import annotations

import shutil
from pathlib import Path

from launcher import ROOT
from launcher.errors import LauncherError
from launcher.frontend import alone, node, npm_install

PACKAGE = Path(__file__).parent
HOME = ROOT / "var" / "openid-provider"


def environment() -> dict[str, str]:
    """Return TEST_OPENID_PROVIDER and TEST_NODE, or TEST_OPENID_PROVIDER_ABSENT with the reason."""
    try:
        with alone():
            HOME.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copyfile(PACKAGE / name, HOME / name)
            npm_install(HOME)
        return {"TEST_OPENID_PROVIDER": str(HOME), "TEST_NODE": str(node()[0])}
    except (LauncherError, OSError) as error:
        return {"TEST_OPENID_PROVIDER_ABSENT": f"No OpenID provider could be had: {error}"}
