"""The call log gives back every packet, and survives being cut off at any byte."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.errors import SecoustiError
from codec.rates import HIGH, LOW
from server.calllog import CallLog, read_call


def ticking():
    """A clock that goes a tenth of a second at each look."""
    now = [0.0]

    def clock():
        now[0] += 0.1
        return now[0]

    return clock


def packets(rate, count, first=0):
    return [bytes([k % 256]) * rate.packet_bytes(k) for k in range(first, first + count)]


def write_call(path, rate=HIGH):
    log = CallLog(path, rate, ticking(), "2026-11-24T23:00:00", "abc")
    log.up(packets(rate, 3))
    log.event("begin", gen=1)
    log.down(1, packets(rate, 2))
    log.up(packets(rate, 7, first=3))
    log.down(1, packets(rate, 9, first=2))
    log.event("flush", gen=1)
    log.down(2, packets(rate, 1))
    log.close()
    return log


@pytest.mark.parametrize("rate", [LOW, HIGH], ids=lambda rate: rate.name)
def test_a_call_reads_back_as_it_was_written(tmp_path, rate):
    path = tmp_path / "calls" / "one.jsonl"
    write_call(path, rate)
    call = read_call(path)
    assert (call.rate, call.truncated, call.header["session"]) == (rate, False, "abc")
    assert call.uplink() == packets(rate, 10)
    assert call.generations() == [1, 2]
    assert call.downlink(1) == packets(rate, 11)
    assert [event["event"] for event in call.events] == ["begin", "flush"]
    times = [line["t"] for line in call.lines]
    assert times == sorted(times)


@given(st.integers(0, 3000))
def test_a_log_cut_at_any_byte_is_read_up_to_there(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("cut") / "call.jsonl"
    write_call(path)
    data = path.read_bytes()[:cut]
    path.write_bytes(data)
    if b"\n" not in data:
        with pytest.raises(SecoustiError, match="not a call log"):
            read_call(path)
        return
    call = read_call(path)
    assert len(call.lines) == data.count(b"\n") - 1
    assert call.truncated == (not data.endswith(b"\n"))


def test_a_killed_writer_loses_nothing_it_has_logged(tmp_path):
    path = tmp_path / "call.jsonl"
    code = f"""
import os, pathlib, time
from codec.rates import HIGH
from server.calllog import CallLog
log = CallLog(pathlib.Path({str(path)!r}), HIGH, time.monotonic, "now")
for k in range(20):
    log.up([bytes(HIGH.packet_bytes(k))])
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -9
    call = read_call(path)
    assert (len(call.uplink()), call.truncated) == (20, False)


def test_nothing_is_written_over(tmp_path):
    write_call(tmp_path / "call.jsonl")
    with pytest.raises(SecoustiError, match="File exists"):
        write_call(tmp_path / "call.jsonl")


def test_writing_after_close_is_silent(tmp_path):
    log = write_call(tmp_path / "call.jsonl")
    size = log.path.stat().st_size
    log.event("late")
    log.close()
    assert log.path.stat().st_size == size


DAMAGE = {
    "no JSON": b"{broken\n",
    "no object": b"[1]\n",
    "no base64": b'{"t":1,"dir":"up","gen":0,"packets":"%%"}\n',
    "no generation": b'{"t":1,"dir":"up","packets":""}\n',
    "bytes that are no text": b"\xff\xfe\n",
}


@pytest.mark.parametrize("line", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_line_is_named(tmp_path, line):
    path = tmp_path / "call.jsonl"
    write_call(path)
    path.write_bytes(path.read_bytes() + line + b'{"t":9,"event":"end"}\n')
    with pytest.raises(SecoustiError, match="line 9 is damaged"):
        read_call(path)


@pytest.mark.parametrize(
    "header", [{}, {"format": "other"}, {"format": "secousti-call", "version": 2, "rate": "high"}]
)
def test_other_files_are_not_call_logs(tmp_path, header):
    path = tmp_path / "call.jsonl"
    path.write_text(json.dumps(header) + "\n")
    with pytest.raises(SecoustiError, match="not a call log"):
        read_call(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SecoustiError, match=r"nothing\.jsonl"):
        read_call(tmp_path / "nothing.jsonl")


def test_lost_bytes_in_the_stream_are_not_guessed_over(tmp_path):
    path = tmp_path / "call.jsonl"
    log = CallLog(path, HIGH, ticking(), "now")
    log.up([bytes(4)])
    log.close()
    with pytest.raises(SecoustiError, match="whole packets"):
        read_call(path).uplink()
