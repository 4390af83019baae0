"""The processes that docker-compose.yml names, run without containers against real servers."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from launcher import ROOT
from launcher.children import Child, is_alive
from launcher.valkey import Valkey
from tests.launcher.compose import HOST, Outside, compose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.launcher.clusters import Cluster

SERVICES: dict[str, dict[str, Any]] = compose()["services"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def secrets(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The secrets as they are made for a deployment, with the addresses of this test's servers."""
    folder = tmp_path_factory.mktemp("production") / "secrets"
    maker = ROOT / "deploy" / "make_secrets.py"
    subprocess.run([sys.executable, maker, folder], check=True)
    host = quote(str(cluster.sockets), safe="")
    for path in folder.glob("database_*_url"):
        text = path.read_text(encoding="utf-8").replace("@postgres/", f"@{host}/")
        path.unlink()
        path.write_text(text, encoding="utf-8")
    (folder / "database_admin_url").write_text(cluster.admin_url, encoding="utf-8")
    valkey = Valkey(sockets=cluster.sockets, log=folder.parent / "valkey.log")
    valkey.start()
    (folder / "redis_url").unlink()
    (folder / "redis_url").write_text(valkey.url, encoding="utf-8")
    yield folder
    valkey.stop()


def run(name: str, outside: Outside) -> None:
    """Run a service that comes to an end."""
    service = SERVICES[name]
    done = subprocess.run(
        outside.command(service["command"]),
        env=outside.environment(service),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"


def start(name: str, outside: Outside, log: Path) -> Child:
    service = SERVICES[name]
    child = Child(
        name=name,
        command=outside.command(service["command"]),
        log=log,
        env=outside.environment(service),
        cwd=ROOT,
    )
    child.start()
    return child


def wait_until_healthy(child: Child, outside: Outside, seconds: float = 60) -> None:
    """Ask by the service's own health check, as the engine does."""
    service = SERVICES[child.name]
    deadline = time.monotonic() + seconds
    while True:
        done = subprocess.run(
            outside.command(service["healthcheck"]["test"]),
            env=outside.environment(service) | {"HOSTNAME": socket.gethostname()},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return
        assert child.is_running(), child.last_words()
        assert time.monotonic() < deadline, f"{done.stdout}{done.stderr}\n{child.last_words()}"
        time.sleep(0.2)


def get(port: int, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": HOST, **headers})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def test_the_processes_of_production_run_and_stop(secrets: Path, tmp_path: Path) -> None:
    def outside(port: int = 0) -> Outside:
        return Outside(secrets=secrets, temporary=tmp_path, port=port)

    run("provision", outside())
    run("provision", outside())
    run("migrate", outside())
    webs = [outside(free_port()) for _ in range(SERVICES["web"]["deploy"]["replicas"])]
    children = [start("web", web, tmp_path / f"web-{web.port}.log") for web in webs]
    others = ("worker", "urgent-worker", "beat", "sealer")
    children += [start(name, outside(), tmp_path / f"{name}.log") for name in others]
    try:
        for child, place in zip(children, [*webs, *(outside() for _ in others)], strict=True):
            wait_until_healthy(child, place)
        for web in webs:
            assert get(web.port, "/health/ready").status == 200
            # Anything but a probe goes by TLS, and to its own name.
            plain = get(web.port, "/")
            assert plain.status == 301
            assert str(plain.getheader("Location")).startswith("https://")
            assert get(web.port, "/", **{"X-Forwarded-Proto": "https"}).status in {200, 302}
            assert get(web.port, "/health/ready", Host="elsewhere.example").status == 400
        if caddy := shutil.which("caddy"):
            _answers_by_tls(caddy, webs[0], tmp_path)
    finally:
        pids = [child.pid for child in children]
        for child in reversed(children):
            child.stop()
    assert not [pid for pid in pids if pid is not None and is_alive(pid)]


def _answers_by_tls(caddy: str, web: Outside, folder: Path) -> None:
    """The proxy of the production shape, where its program is installed."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    words = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=test"
    )
    names = ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *words.split(), *names], check=True, capture_output=True)
    https = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "CONNECTCARE_HOST": HOST,
        "WEB": "127.0.0.1",
        "WEB_PORT": str(web.port),
        "TLS_CERTIFICATE": str(certificate),
        "TLS_KEY": str(key),
        "HTTP_PORT": str(free_port()),
        "HTTPS_PORT": str(https),
        "XDG_CONFIG_HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
    }
    config = ["--config", str(ROOT / "deploy" / "Caddyfile"), "--adapter", "caddyfile"]
    proxy = Child(
        name="proxy", command=[caddy, "run", *config], log=folder / "proxy.log", env=environment
    )
    proxy.start()
    try:
        deadline = time.monotonic() + 15
        ask = ["curl", "--silent", "--cacert", str(certificate), "--output", os.devnull]
        ask += ["--write-out", "%{http_code}", "--resolve", f"{HOST}:{https}:127.0.0.1"]
        status = ""
        while status != "200" and time.monotonic() < deadline:
            done = subprocess.run(
                [*ask, f"https://{HOST}:{https}/health/ready"],
                capture_output=True,
                text=True,
                check=False,
            )
            status = done.stdout
            time.sleep(0.2)
        assert status == "200", proxy.last_words()
    finally:
        proxy.stop()
