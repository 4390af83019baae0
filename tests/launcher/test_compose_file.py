"""The production shape keeps what it promises: one way in, no root, secrets from files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from launcher import ROOT
from launcher.provision import LOGINS, variable
from tests.launcher.compose import compose

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICES: dict[str, dict[str, Any]] = compose()["services"]
OWN = ("provision", "migrate", "web", "worker", "urgent-worker", "beat", "sealer")
LASTING = [name for name, service in SERVICES.items() if service["restart"] != "no"]


def addresses(service: Mapping[str, Any]) -> set[str]:
    return {
        name.removesuffix("_FILE")
        for name in service.get("environment", {})
        if name.startswith("DATABASE_")
    }


def test_it_follows_the_compose_schema() -> None:
    tool = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [tool, "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_the_proxy_can_be_reached() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    networks = compose()["networks"]
    assert networks["inside"]["internal"]
    assert networks["front"]["internal"]
    outside = [name for name, service in SERVICES.items() if "outside" in service["networks"]]
    assert outside == ["proxy"]
    assert "inside" not in SERVICES["proxy"]["networks"]


def test_only_notices_can_leave() -> None:
    """Of those that reach the data; the networks of all others lead nowhere."""
    leading_out = {name for name, network in compose()["networks"].items() if not network}
    assert leading_out == {"outside", "mail"}
    leaving = [name for name, service in SERVICES.items() if "mail" in service["networks"]]
    assert leaving == ["urgent-worker"]
    assert "EMAIL_HOST_PASSWORD_FILE" in SERVICES["urgent-worker"]["environment"]
    knowing = [
        name
        for name, service in SERVICES.items()
        if "EMAIL_HOST_PASSWORD_FILE" in service.get("environment", {})
    ]
    assert knowing == ["urgent-worker"]


@pytest.mark.parametrize("missing", ["EMAIL_HOST", "EMAIL_FROM", "CONNECTCARE_HOST"])
def test_it_does_not_start_without_what_it_needs(missing: str) -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert f"${{{missing}:?" in text
    assert f"${{{missing}:-" not in text


def test_the_web_runs_twice() -> None:
    assert SERVICES["web"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_runs_as_root_or_gains_rights(name: str) -> None:
    service = SERVICES[name]
    assert str(service["user"]).split(":")[0] not in {"root", "0", ""}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged", False)


@pytest.mark.parametrize("name", LASTING)
def test_what_runs_on_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_from_files_and_only_those_it_is_given(name: str) -> None:
    service = SERVICES[name]
    granted = set(service.get("secrets", []))
    assert granted <= set(compose()["secrets"])
    words = [*map(str, service.get("environment", {}).values()), *service.get("command", [])]
    mentioned = {match for word in words for match in re.findall(r"/run/secrets/(\w+)", word)}
    assert mentioned == granted
    for key in service.get("environment", {}):
        secret = re.search(r"SECRET|PASSWORD|KEYS|_URL", key)
        # Which service is asked is no secret.
        public = key == "PDS_BASE_URL"
        assert not secret or public or key.endswith("_FILE"), f"{key} holds a secret itself"


def test_only_the_worker_that_traces_may_ask_the_demographics_service() -> None:
    knowing = {
        name
        for name, service in SERVICES.items()
        if any(key.startswith("PDS_") for key in service.get("environment", {}))
        or {"pds_api_key", "pds_key"} & set(service.get("secrets", []))
    }
    assert knowing == {"worker"}
    given = {key.removesuffix("_FILE") for key in SERVICES["worker"]["environment"]}
    assert given >= {"PDS_BASE_URL", "PDS_API_KEY", "PDS_KEY_ID", "PDS_KEY", "HTTPS_PROXY"}


def test_the_sealer_alone_has_the_key_and_the_journal() -> None:
    for name, service in SERVICES.items():
        own = name == "sealer"
        assert ("audit_key" in service.get("secrets", [])) is own
        assert any(volume.startswith("journal:") for volume in service.get("volumes", [])) is own
        assert any(key.startswith("AUDIT_") for key in service.get("environment", {})) is own
    assert SERVICES["sealer"].get("deploy", {}).get("replicas", 1) == 1


@pytest.mark.parametrize(
    ("name", "login", "asks_as"),
    [
        ("migrate", "owner", ()),
        ("web", "web", ()),
        # That choices hold is asked with the login that must not see what they withhold.
        ("worker", "pipeline", ("web",)),
        ("urgent-worker", "pipeline", ("web",)),
        ("beat", "pipeline", ()),
        ("sealer", "sealer", ()),
    ],
)
def test_each_process_has_its_login_and_no_other(
    name: str, login: str, asks_as: tuple[str, ...]
) -> None:
    assert SERVICES[name]["environment"]["CONNECTCARE_LOGIN"] == login
    assert addresses(SERVICES[name]) == {variable(each) for each in (login, *asks_as)}


def test_only_provisioning_knows_the_administrator() -> None:
    knowing = [
        name for name, service in SERVICES.items() if "DATABASE_ADMIN_URL" in addresses(service)
    ]
    assert knowing == ["provision"]
    assert addresses(SERVICES["provision"]) == {
        "DATABASE_ADMIN_URL",
        *(variable(login) for login in LOGINS),
    }


def test_every_process_of_ours_is_of_one_image_and_of_production() -> None:
    assert {SERVICES[name]["image"] for name in OWN} == {"connect-care:latest"}
    for name in OWN[1:]:
        assert SERVICES[name]["environment"]["CONNECTCARE_PROFILE"] == "production"


def test_the_secrets_can_be_made_and_are_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"

    def make() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, ROOT / "deploy" / "make_secrets.py", folder],
            capture_output=True,
            text=True,
            check=False,
        )

    assert make().returncode == 0
    wanted = {Path(secret["file"]).name for secret in compose()["secrets"].values()}
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert wanted - set(made) == {"tls_certificate.pem", "tls_key.pem"}
    assert folder.stat().st_mode & 0o777 == 0o700
    password = made["redis.conf"].split()[1]
    assert f":{password}@" in made["redis_url"]
    assert f":{made['postgres_password']}@" in made["database_admin_url"]
    assert make().returncode == 0
    assert {path.name: path.read_text() for path in folder.iterdir()} == made
    (folder / "redis_url").unlink()
    halved = make()
    assert halved.returncode == 1
    assert "only redis.conf is there" in halved.stderr


def test_the_image_takes_every_part_of_the_house_and_no_secret() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    taken = {rule.strip("!/") for rule in rules if rule.startswith("!")}
    house = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = set(house["tool"]["importlinter"]["root_packages"])
    assert parts >= {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert parts <= taken
    assert {"launcher", "templates", "manage.py", "requirements.lock"} <= taken
    assert "*" in rules
    assert not {"secrets", "var", ".git", ".venv", "tests"} & taken


def test_the_image_is_installed_by_hash_and_does_not_run_as_root() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "uv pip sync --no-cache --require-hashes" in text
    assert "npm ci --ignore-scripts" in text
    users = re.findall(r"^USER (\S+)", text, re.MULTILINE)
    assert users == ["10001:10001"]
    command = re.findall(r"^CMD (.*)$", text, re.MULTILINE)
    assert len(command) == 1
    assert json.loads(command[0])[0] == "granian"
