"""Servers of their own for the tests of set-up: these change what other tests stand on."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from launcher.data import make_socket_folder
from tests.launcher.clusters import Cluster, make_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A short folder for sockets."""
    folder = make_socket_folder("connect-care-unit-")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def stopped_cluster(tmp_path: Path, sockets: Path) -> Iterator[Cluster]:
    """A cluster that a test starts itself; deep down, where no socket's path would fit."""
    cluster = make_cluster(tmp_path / ("deep-" * 25), sockets)
    yield cluster
    cluster.postgres.stop()
    shutil.rmtree(cluster.postgres.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running cluster for the tests of one file."""
    folder = make_socket_folder("connect-care-unit-")
    made = make_cluster(tmp_path_factory.mktemp("cluster"), folder)
    made.postgres.start()
    yield made
    made.postgres.stop()
    shutil.rmtree(made.postgres.folder)
    shutil.rmtree(folder)
