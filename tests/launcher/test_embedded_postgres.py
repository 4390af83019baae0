"""The embedded PostgreSQL: starts, stops, survives a kill, and runs as root without being root."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from launcher import postgres
from launcher.children import is_alive
from launcher.errors import LauncherError
from launcher.postgres import Postgres
from tests.launcher.clusters import Cluster, make_cluster


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def test_start_and_stop_leave_nothing_running(stopped_cluster: Cluster) -> None:
    child = stopped_cluster.postgres.start()
    assert child.pid is not None
    pid = child.pid
    assert str(ask(stopped_cluster.admin_url, "show server_version")).startswith("18.")
    stopped_cluster.postgres.stop()
    assert not is_alive(pid)
    assert list(stopped_cluster.sockets.iterdir()) == []


def test_it_listens_on_its_socket_only_and_asks_for_the_password(stopped_cluster: Cluster) -> None:
    stopped_cluster.postgres.start()
    url = stopped_cluster.admin_url
    assert ask(url, "show listen_addresses") == ""
    assert ask(url, "show jit") == "off"
    assert ask(url, "select datlocale from pg_database where datname = 'postgres'") == "C.UTF-8"
    host = quote(str(stopped_cluster.sockets), safe="")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://postgres:wrong@{host}/postgres")
    assert stat.S_IMODE(stopped_cluster.sockets.stat().st_mode) == 0o700
    password = stopped_cluster.home / "postgres.password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600


def test_a_killed_server_starts_again_with_what_was_committed(
    tmp_path: Path, sockets: Path
) -> None:
    lasting = make_cluster(tmp_path, sockets, throw_away=False)
    child = lasting.postgres.start()
    with psycopg.connect(lasting.admin_url) as connection:
        connection.execute("create table kept (value int)")
        connection.execute("insert into kept values (42)")
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.stop()
    lasting.postgres.start()
    assert ask(lasting.admin_url, "select value from kept") == 42
    lasting.postgres.stop()


def test_a_server_left_running_is_ended_by_the_next_start(stopped_cluster: Cluster) -> None:
    left = make_cluster(stopped_cluster.home, stopped_cluster.sockets).postgres.start()
    assert left.pid is not None
    stopped_cluster.postgres.start()
    assert not left.is_running()
    assert ask(stopped_cluster.admin_url, "select 1") == 1
    left.stop()


def test_a_number_that_passed_to_another_program_is_no_obstacle(stopped_cluster: Cluster) -> None:
    child = stopped_cluster.postgres.start()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.stop()
    pid_file = stopped_cluster.home / "postgres" / "cluster" / "postmaster.pid"
    lines = pid_file.read_text(encoding="ascii").splitlines()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n", encoding="ascii")
    stopped_cluster.postgres.start()
    assert ask(stopped_cluster.admin_url, "select 1") == 1
    assert is_alive(os.getppid())


def test_another_version_s_data_is_refused(stopped_cluster: Cluster) -> None:
    stopped_cluster.postgres.start()
    stopped_cluster.postgres.stop()
    version = stopped_cluster.home / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("17\n", encoding="ascii")
    with pytest.raises(LauncherError, match="--reset"):
        stopped_cluster.postgres.start()


def test_two_run_side_by_side(stopped_cluster: Cluster, cluster: Cluster) -> None:
    stopped_cluster.postgres.start()
    with psycopg.connect(stopped_cluster.admin_url, autocommit=True) as connection:
        connection.execute("create database only_here")
    found = ask(cluster.admin_url, "select count(*) from pg_database where datname = 'only_here'")
    assert found == 0


only_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root has to leave root"
)


@only_root
def test_as_root_it_runs_in_a_namespace_and_no_folder_above_changes(
    stopped_cluster: Cluster,
) -> None:
    above = list(stopped_cluster.home.parent.parents)
    before = [(path.stat().st_mode, path.stat().st_uid) for path in above]
    child = stopped_cluster.postgres.start()
    mapping = Path(f"/proc/{child.pid}/uid_map").read_text(encoding="ascii").split()
    assert mapping == ["1000", "0", "1"]
    assert stopped_cluster.postgres.folder.stat().st_uid == 0
    assert [(path.stat().st_mode, path.stat().st_uid) for path in above] == before


@pytest.fixture
def no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that allows none, as many containers do."""
    works = postgres._works

    def refuse(way: tuple[str, ...], folder: Path) -> bool:
        return way != ("--namespace",) and works(way, folder)

    monkeypatch.setattr(postgres, "_works", refuse)


@only_root
@pytest.mark.usefixtures("no_namespaces")
def test_as_root_without_namespaces_it_runs_as_nobody_where_nobody_can_reach(
    tmp_path: Path,
) -> None:
    with tempfile.TemporaryDirectory(prefix="connect-care-unit-") as name:
        home = Path(name)
        home.chmod(0o755)
        sockets = home / "s"
        sockets.mkdir(mode=0o700)
        made = Postgres(
            folder=home / "postgres",
            sockets=sockets,
            password_file=tmp_path / "password",
            log=tmp_path / "postgres.log",
            throw_away=True,
        )
        try:
            child = made.start()
        except LauncherError as error:
            if "no such folder" in str(error):
                pytest.skip("this checkout lies where the account nobody cannot reach it")
            raise
        nobody = pwd.getpwnam("nobody").pw_uid
        assert Path(f"/proc/{child.pid}").stat().st_uid == nobody
        assert ask(made.admin_url, "select 1") == 1
        made.stop()


@only_root
@pytest.mark.usefixtures("no_namespaces")
def test_as_root_where_neither_way_works_it_is_told_and_no_mode_changes(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    folder = closed / "postgres"
    folder.mkdir(mode=0o700)
    with pytest.raises(LauncherError, match="Run it as an ordinary user"):
        postgres.entrance(folder)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert closed.stat().st_uid == 0
