"""The call store in a real PostgreSQL, where one is installed: the same as in SQLite."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from server.parts import Known
from server.store.place import place_of
from server.store.store import CallStore, Outcome
from tests.server.test_store import HIGH_RISK, TEA, entry, state

pytest.importorskip("pg8000", reason="the store in PostgreSQL needs pg8000")
PROGRAMS = [*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/local/bin")]
FOUND = shutil.which("initdb", path=os.pathsep.join(map(str, PROGRAMS)))


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A cluster of its own on a free port; PostgreSQL does not run as root."""
    if FOUND is None:
        pytest.skip("no PostgreSQL is installed")
    folder = tmp_path_factory.mktemp("postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = {"user": "postgres"} if os.getuid() == 0 else {}
    if user:
        shutil.chown(folder, "postgres")
        for parent in folder.parents[:2]:
            parent.chmod(0o755)
    control = str(Path(FOUND).with_name("pg_ctl"))
    data, options = str(folder / "data"), f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, **user}
    subprocess.run([FOUND, "-D", data, "-A", "trust", "-U", "calls"], **quiet)
    subprocess.run([control, "-D", data, "-w", "-o", options, "start"], **quiet)
    yield f"postgresql+pg8000://calls@127.0.0.1:{port}/postgres"
    subprocess.run([control, "-D", data, "-m", "immediate", "stop"], **quiet)


def test_a_caller_is_kept_swept_and_deleted(url):
    store = CallStore(place_of(url, "a key"))
    store.begin(entry())
    store.keep("s1", state(), Outcome(1100.0, 1000, "goodbye"))
    assert store.known("c1", now=0.0) == Known(HIGH_RISK, (TEA,))
    assert [caller.calls for caller in CallStore(place_of(url, "a key")).callers()] == [1]
    store.begin(entry("s2", "c2", started=0.0))
    assert store.sweep(now=1000.0, keep_s=500.0) == 1
    assert store.export("c1")["calls"][0]["report"] == {"turns": 2}
    assert store.forget("c1") == 1
    assert store.callers() == []
    store.close()
