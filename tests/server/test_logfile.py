"""A disk that is full, slow or hangs: the call goes on, its log ends, and somebody is told."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.errors import SecoustiError
from codec.rates import HIGH
from server import logfile
from server.calllog import CallLog, read_call
from server.logfile import OwnFile, Scribe
from server.wires import native
from tests.server.fakes import run
from tests.server.sockets import QUICK, calling, calls_are, with_server


class Disk:
    """``os.write`` of a disk with room for so many bytes more."""

    def __init__(self, room):
        self.room, self.threads = room, set()

    def write(self, file, data):
        self.threads.add(threading.current_thread().name)
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = REAL_WRITE(file, data[: self.room])
        self.room -= written
        return written


REAL_WRITE = os.write


def test_a_full_disk_ends_the_log_and_not_the_call_and_the_operator_is_told(
    tmp_path, monkeypatch, caplog
):
    disk = Disk(room=1_000)
    monkeypatch.setattr(logfile.os, "write", disk.write)

    async def work(server):
        async with calling(server) as caller:
            await caller.until(native.End)
            await caller.turn()
            await caller.until(native.End, 2)
        await calls_are(server, 0)
        return server.metrics.registry.get_sample_value

    value = with_server(work, dataclasses.replace(QUICK, log_dir=tmp_path))
    assert value("secousti_errors_total", {"part": "server.logfile", "kind": "-"}) == 1
    told = [record for record in caplog.records if record.name == "server.logfile"]
    assert len(told) == 1 and "No space left" in told[0].getMessage()
    [path] = tmp_path.glob("*.jsonl")
    call = read_call(path)  # the last line, cut off, is no damage
    assert path.stat().st_size == 1_000
    assert call.uplink()
    assert disk.threads == {"secousti-log_0"}  # never the event loop's


@pytest.mark.parametrize("fault", ["a file in its place", "no right to write"])
def test_a_folder_that_cannot_be_written_keeps_nobody_from_calling(tmp_path, fault, caplog):
    folder = tmp_path / "logs"
    if fault == "a file in its place":
        folder.write_text("")
    else:
        folder.symlink_to("/proc/nothing")

    async def work(server):
        for _ in range(2):
            async with calling(server) as caller:
                await caller.until(native.End)
            await calls_are(server, 0)

    with_server(work, dataclasses.replace(QUICK, log_dir=folder))
    assert sum("cannot write the call log" in record.getMessage() for record in caplog.records) == 2


def test_a_disk_that_hangs_is_not_waited_for(tmp_path, monkeypatch, caplog):
    free = threading.Event()
    monkeypatch.setattr(logfile, "CLOSE_S", 0.05)
    monkeypatch.setattr(logfile.os, "write", lambda file, data: free.wait() and len(data))

    async def work():
        scribe = Scribe()
        log = CallLog(tmp_path / "call.jsonl", HIGH, lambda: 0.0, "now", file=scribe.file)
        for _ in range(2 * logfile.MOST_WAITING // 1_000):
            log.up([bytes(750)])  # 1,000 in base64
        log.close()
        waiting = scribe._thread._work_queue.qsize()
        await scribe.close()
        free.set()
        return waiting

    waiting = run(work())
    assert waiting < logfile.MOST_WAITING / 1_000 + 10  # what waits is bounded
    messages = [record.getMessage() for record in caplog.records]
    assert sum("too slow" in message for message in messages) == 1
    assert any("does not answer" in message for message in messages)


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=20), st.integers(1, 7))
def test_a_disk_that_takes_a_little_at_a_time_gets_all(tmp_path_factory, pieces, most):
    path = tmp_path_factory.mktemp("log") / "log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logfile.os, "write", lambda file, data: REAL_WRITE(file, data[:most]))
        file = OwnFile(path)
        for piece in pieces:
            file.write(piece)
        file.close()
    assert path.read_bytes() == b"".join(pieces)


def test_what_is_written_behind_the_call_is_whole_and_in_order(tmp_path):
    async def work():
        scribe = Scribe()
        for number in range(3):
            log = CallLog(tmp_path / f"{number}", HIGH, lambda: 0.0, "now", file=scribe.file)
            for place in range(50):
                log.event("place", place=place)
            log.close()
            log.event("late")  # nothing after the end
        await scribe.close()

    run(work())
    for number in range(3):
        call = read_call(tmp_path / f"{number}")
        assert [event["place"] for event in call.events] == list(range(50))


def test_at_home_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    log = CallLog(tmp_path / "call.jsonl", HIGH, lambda: 0.0, "now")
    monkeypatch.setattr(logfile.os, "write", Disk(room=0).write)
    with pytest.raises(SecoustiError, match="No space left"):
        log.event("begin")


def test_nothing_is_left_running():
    async def work():
        await Scribe().close()
        return len(asyncio.all_tasks())

    assert run(work()) == 1
