"""``bin/demo``: everything, from nothing to a page in the browser, and back to nothing."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import json
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import MANAGE, ROOT
from launcher.errors import LauncherError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from launcher.children import Child
    from launcher.data import Data
    from launcher.environment import Up
    from launcher.sources import MadeUpRegion

DEFAULT_PORT = 8000
RESIDENTS, MOST_RESIDENTS = 3000, 100_000
PACE = 15.0
"""Seconds between two things that happen in the region, on average."""
READY_PATIENCE = 90.0
"""Seconds from the start of the processes to the first answer that all is well."""
HOST = "127.0.0.1"

DESCRIPTION = """\
Starts Connect Care with a made-up region on this machine: makes the Python environment and the
front-end files, starts PostgreSQL and Valkey, makes the database and its people, and starts the
web, the workers, the timer, the audit's sealer and a stand-in for the Personal Demographics
Service. When it is ready it says so, with whom to sign in as. Then the rest of the region is
loaded, as the page of deliveries shows, and its sources go on sending. Ctrl-C stops everything.
Nothing listens but on the loopback, and everybody in it is made up.

A later run with the same folder goes on where the last one ended, and is ready in seconds.
"""

EPILOGUE = """\
Environment:
  DATABASE_ADMIN_URL  an administrator's address of a PostgreSQL 18, instead of the embedded one
  REDIS_URL           the address of a Redis or Valkey, instead of the embedded one
  CONNECTCARE_DATA    the folder, where --data is not given

Related: bin/manage runs manage.py with this demo's servers; bin/provision makes the database logins
on a server of your own; bin/test runs the tests.
"""


def main(arguments: list[str]) -> int:
    """Start the demo, wait until told to stop, and stop everything."""
    options = _options(arguments)
    from launcher import frontend
    from launcher.data import Data
    from launcher.environment import demo_environment
    from launcher.private import write_env
    from launcher.sources import made_up_region, sources
    from launcher.stand_in import pds_environment, stand_in

    data = Data(options.data) if options.data else Data.default()
    with data.held("bin/demo", port=options.port):
        _end_leftovers(data)
        _refuse_taken_port(options.port)
        if options.reset:
            data.reset()
        region = made_up_region(data, options.residents)
        frontend.install()
        with demo_environment(data, port=options.port) as up, contextlib.ExitStack() as stack:
            people = _prepare(data, up, region)
            environment = up.environment | pds_environment(data)
            write_env(data.running, environment)
            stack.callback(data.running.unlink, missing_ok=True)
            children = [
                stand_in(data, environment, region),
                *processes(data, environment, options.port),
            ]
            for child in children:
                stack.callback(child.stop)
                child.start()
            everything = [*up.servers.children, *children]
            stack.callback(_remember(data, everything).unlink, missing_ok=True)
            wait_until_ready(options.port, everything)
            pace = None if options.no_day else options.pace
            for child in sources(data, environment, region, port=options.port, pace=pace):
                stack.callback(child.stop)
                child.start()
                everything.append(child)
            _remember(data, everything)
            sys.stdout.write(f"Connect Care is ready at http://{HOST}:{options.port}\n\n{people}")
            sys.stdout.flush()
            _watch(everything)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/demo",
        description=DESCRIPTION,
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help=f"where the web listens ({DEFAULT_PORT})"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="where everything is kept (var/demo in this checkout)",
    )
    parser.add_argument(
        "--reset", action="store_true", help="delete what the folder holds and start anew"
    )
    parser.add_argument(
        "--residents",
        type=_residents,
        default=RESIDENTS,
        metavar="N",
        help=f"how many the region has; they are loaded while the demo is up ({RESIDENTS:,})",
    )
    parser.add_argument(
        "--pace", type=float, default=PACE, metavar="SECONDS",
        help=f"between two things that happen in the region, on average ({PACE:.0f})",
    )  # fmt: skip
    parser.add_argument(
        "--no-day", action="store_true", help="nothing happens in the region while the demo is up"
    )
    return parser.parse_args(arguments)


def _residents(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_RESIDENTS:
        msg = f"{text} is no number of residents; give one from 1 to {MOST_RESIDENTS}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        msg = f"{text} is not a port; give a number from 1 to 65535"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _refuse_taken_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the web itself will: a connection of the last run that is still closing is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            msg = f"This account may not open port {port}. Try --port 8000."
            raise LauncherError(msg) from error
        except OSError as error:
            msg = (
                f"Port {port} is taken by another program. Stop that, or choose another port: "
                f"bin/demo --port {port + 1 if port < 65535 else DEFAULT_PORT}"
            )
            raise LauncherError(msg) from error


def _prepare(data: Data, up: Up, region: MadeUpRegion) -> str:
    """Bring the database, the region and the static files up to date with the code.

    Returns the table of demo people. What was done for this very code is not done again.
    """
    from launcher import frontend
    from launcher.children import say
    from launcher.given import others, value_of
    from launcher.private import write_private

    frontend.collect(others() | up.environment)
    code = _digest_of_code()
    embedded = value_of("DATABASE_ADMIN_URL") is None
    done = data.prepared.exists() and data.prepared.read_text(encoding="utf-8").partition("\n")
    if embedded and done and done[0] == code:
        return done[2]
    data.prepared.unlink(missing_ok=True)
    _manage(up.environment, "owner", "migrate", "--verbosity", "0")
    say("Making the demo region, if it is not there yet …")
    _manage(up.environment, "pipeline", "make_demo_region", "--today", region.today.isoformat())
    _manage(up.environment, "pipeline", "make_canaries")
    people = _output_of(up.environment, "pipeline", "demo_people")
    write_private(data.prepared, f"{code}\n{people}")
    return people


def _digest_of_code() -> str:
    """Digest everything that a migration or the region could depend on."""
    digest = hashlib.sha256((ROOT / "requirements-dev.lock").read_bytes())
    for folder in sorted(path for path in ROOT.iterdir() if (path / "__init__.py").exists()):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(ROOT)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _manage(environment: dict[str, str], login: str, *words: str) -> None:
    from launcher.children import call
    from launcher.given import others

    command = [sys.executable, MANAGE, *words]
    code = call(command, env=others() | environment | {"CONNECTCARE_LOGIN": login}, cwd=ROOT)
    if code != 0:
        msg = f"manage.py {words[0]} failed with exit code {code}; see above."
        raise LauncherError(msg)


def _output_of(environment: dict[str, str], login: str, *words: str) -> str:
    """Return what one of Django's commands prints, run with a database login."""
    from launcher.children import capture
    from launcher.given import others

    return capture(
        [sys.executable, MANAGE, *words],
        env=others() | environment | {"CONNECTCARE_LOGIN": login},
        cwd=ROOT,
    )


def processes(data: Data, environment: dict[str, str], port: int) -> Sequence[Child]:
    """The web, the workers, the timer and the sealer.

    Each has the database logins that it needs and no other.

    None is started. The browser tests run the same ones on a database of their own.
    """
    from launcher.portal import portal_process

    def child(name: str, words: Sequence[str | Path], *logins: str) -> Child:
        return portal_process(data, environment, name, words, *logins)

    application = "connectcare"

    def worker(name: str, queue: str, processes: int, *logins: str) -> Child:
        words = ["celery", "-A", application, "worker", "--pool", "prefork", "--loglevel", "INFO"]
        words += ["--queues", queue, "--concurrency", str(processes), "--hostname", f"{name}@%h"]
        return child(name, [*words, "--without-gossip", "--without-mingle"], *logins)

    return [
        child(
            "web",
            [
                *("granian", "--interface", "wsgi", "--host", HOST, "--port", str(port)),
                *("--workers", "1", "--blocking-threads", "4", "--no-ws"),
                *("--workers-kill-timeout", "10", f"{application}.wsgi:application"),
            ],
            "web",
        ),
        # A task that acts for a person connects as the web does.
        worker("worker", "ordinary", 2, "pipeline", "web"),
        # What somebody waits for never stands behind a load.
        worker("urgent-worker", "urgent", 1, "pipeline", "web"),
        child(
            "beat",
            [
                *("celery", "-A", application, "beat", "--loglevel", "INFO", "--pidfile", ""),
                *("--schedule", data.path / "beat-schedule"),
            ],
            "pipeline",
        ),
        child("sealer", ["manage", "seal_audit"], "sealer"),
    ]


def wait_until_ready(port: int, children: Sequence[Child]) -> None:
    """Return when the web answers that all is well.

    Raises LauncherError with the last lines of a log if a process ends, or the web is not ready
    within READY_PATIENCE.
    """
    deadline = time.monotonic() + READY_PATIENCE
    answer = "nothing"
    while time.monotonic() < deadline:
        _refuse_death(children)
        connection = http.client.HTTPConnection(HOST, port, timeout=10)
        try:
            connection.request("GET", "/health/ready")
            response = connection.getresponse()
            answer = f"{response.status} {response.read(500).decode(errors='replace')}"
            if response.status == http.HTTPStatus.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    web = next(child for child in children if child.name == "web")
    msg = (
        f"The web did not become ready in {READY_PATIENCE:.0f} seconds; /health/ready last "
        f"answered: {answer}. Its last lines, from {web.log}:\n{web.last_words()}"
    )
    raise LauncherError(msg)


def _watch(children: Sequence[Child]) -> None:
    """Wait until a signal ends the wait; one that dies brings the rest down."""
    while True:
        _refuse_death(children)
        time.sleep(0.25)


def _refuse_death(children: Sequence[Child]) -> None:
    for child in children:
        if not child.is_running() and not child.has_done_its_work():
            raise child.died()


def _remember(data: Data, children: Sequence[Child]) -> Path:
    """Note what runs, for the next start where the system cannot end children with their parent."""
    noted = {str(child.pid): " ".join(map(str, child.command)) for child in children}
    path = data.path / "children.json"
    path.write_text(json.dumps(noted), encoding="utf-8")
    return path


def _end_leftovers(data: Data) -> None:
    """Stop what a killed launcher left running; we hold the lock, so nobody else uses it."""
    from launcher.children import command_of, end_orphan

    noted = data.path / "children.json"
    try:
        children: dict[str, str] = json.loads(noted.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for pid, command in reversed(list(children.items())):
        if command_of(int(pid)) == command:  # the number may have passed to another program
            end_orphan(int(pid), signal.SIGTERM)
    noted.unlink()
