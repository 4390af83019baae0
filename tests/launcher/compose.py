"""``docker-compose.yml`` as data, with the same processes to be run without containers."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from launcher import ROOT

HOST = "connect-care.example"
MAIL = {"EMAIL_HOST": "mail.example", "EMAIL_FROM": "connect-care@mail.example"}
VARIABLE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")


def compose() -> dict[str, Any]:
    """The file, merged and with its variables filled in."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    given = {"CONNECTCARE_HOST": HOST, **MAIL}

    def fill(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        assert name in given or operator == ":-", f"{name} has no value"
        return given.get(name, rest or "")

    loaded: dict[str, Any] = yaml.safe_load(VARIABLE.sub(fill, text))
    return loaded


@dataclass(frozen=True)
class Outside:
    """Where things lie when a service runs as a plain process on this machine."""

    secrets: Path
    temporary: Path
    port: int

    def command(self, words: list[str]) -> list[str]:
        """A service's command here: its interpreter, its port, its folders."""
        if words[0] == "CMD":
            words = words[1:]
        elif words[0] == "CMD-SHELL":
            words = ["sh", "-c", words[1].replace("$$", "$")]
        own = {"python": sys.executable}
        tool = Path(sys.executable).with_name(words[0])
        first = own.get(words[0]) or (str(tool) if tool.exists() else words[0])
        return [first, *(self.word(word) for word in words[1:])]

    def word(self, word: str) -> str:
        """One word of a command or value of the environment, with the places of this machine."""
        places = {
            "/run/secrets/redis_conf": str(self.secrets / "redis.conf"),
            "/run/secrets/": f"{self.secrets}/",
            "/tmp/": f"{self.temporary}/",
            "/var/lib/connect-care/": f"{self.temporary}/",
            "--port=8000": f"--port={self.port}",
            "--host=0.0.0.0": "--host=127.0.0.1",
        }
        pattern = "|".join(map(re.escape, places))
        word = re.sub(pattern, lambda match: places[match[0]], word)
        return str(self.port) if word == "8000" else word

    def environment(self, service: dict[str, Any]) -> dict[str, str]:
        """What the service finds in its environment, and nothing of ours."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        values = {key: self.word(value) for key, value in service.get("environment", {}).items()}
        return {"PATH": path, "HOSTNAME": "outside", "PYTHONPATH": str(ROOT), **values}
