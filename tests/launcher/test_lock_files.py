"""The locks pin every byte, agree with what is asked for, and name no registry."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from launcher import ROOT

PYTHON_LOCKS = ("requirements.lock", "requirements-dev.lock", "launcher/requirements-uv.lock")
NPM_FOLDERS = (".", "launcher/browser", "launcher/openid_provider")


def pins(lock: str) -> dict[str, tuple[str, int]]:
    """Each library in a lock: name → (version, number of hashes)."""
    found: dict[str, tuple[str, int]] = {}
    name = ""
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", line)
        if match:
            name = canonicalize_name(match[1])
            found[name] = (match[2], 0)
        elif "--hash=sha256:" in line:
            version, hashes = found[name]
            found[name] = (version, hashes + 1)
    return found


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def group(name: str) -> list[str]:
    found: list[str] = []
    for item in project()["dependency-groups"][name]:
        found += group(item["include-group"]) if isinstance(item, dict) else [item]
    return found


@pytest.mark.parametrize(
    "path", [*PYTHON_LOCKS, *(f"{folder}/package-lock.json" for folder in NPM_FOLDERS)]
)
def test_a_lock_names_no_address(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert not re.search(r"[a-z][a-z0-9+.-]*://", text)
    assert "index-url" not in re.sub(r"--no-emit-index-url", "", text)
    assert '"resolved"' not in text


@pytest.mark.parametrize("lock", PYTHON_LOCKS)
def test_every_library_is_pinned_by_hash(lock: str) -> None:
    found = pins(lock)
    assert found
    assert [name for name, (_, hashes) in found.items() if hashes == 0] == []


def test_the_development_lock_holds_production_at_the_same_versions() -> None:
    production, development = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: development.get(name) for name in production} == production


@pytest.mark.parametrize(
    ("wanted", "lock"),
    [
        *((wanted, "requirements.lock") for wanted in project()["project"]["dependencies"]),
        *((wanted, "requirements-dev.lock") for wanted in group("dev")),
    ],
)
def test_the_lock_is_not_stale(wanted: str, lock: str) -> None:
    requirement = Requirement(wanted)
    found = pins(lock).get(canonicalize_name(requirement.name))
    assert found is not None, f"{requirement.name} is not in {lock}: make the lock again"
    assert requirement.specifier.contains(found[0]), f"{lock} has {found[0]}: make it again"


@pytest.mark.parametrize("folder", NPM_FOLDERS)
def test_the_npm_lock_is_what_package_json_asks_for(folder: str) -> None:
    package = json.loads((ROOT / folder / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / folder / "package-lock.json").read_text(encoding="utf-8"))
    packages = lock["packages"]
    assert packages[""]["dependencies"] == package["dependencies"]
    for name, version in package["dependencies"].items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert all("integrity" in entry for name, entry in packages.items() if name)


def test_npm_is_told_to_write_no_address_and_to_run_no_script() -> None:
    for folder in NPM_FOLDERS:
        lines = (ROOT / folder / ".npmrc").read_text(encoding="utf-8").splitlines()
        assert {"omit-lockfile-registry-resolved=true", "ignore-scripts=true"} <= set(lines)


def test_nhsuk_frontend_is_the_version_its_jinja_port_names() -> None:
    described = metadata("nhsuk-frontend-jinja")
    rows = re.findall(r"^\| ([\d.]+) \| ([\d.]+) \|$", str(described.get_payload()), re.MULTILINE)
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    versions = {port: frontend for frontend, port in rows}
    assert package["dependencies"]["nhsuk-frontend"] == versions[described["Version"]]


def test_no_file_of_the_front_end_is_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/node_modules/", "/staticfiles/", "/var/", "/.tools/", "/secrets/"} <= set(ignored)
    assert not list(Path(ROOT / "ui").rglob("*nhsuk*.css"))
