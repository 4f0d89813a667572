"""The call store: what it keeps, for how long, of whom; and what survives a killed server."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.errors import SecoustiError
from secousti.__main__ import main
from server.app import Server
from server.calllog import read_call
from server.parts import Known
from server.store.keeper import DAY_S, Keeper
from server.store.place import KEY_FILE, place_of
from server.store.store import CallStore, Entry, Outcome, State
from server.tenants import OPERATOR
from server.wires import native
from tests.server.fakes import FakeConversation, fake_parts, reply_of, run
from tests.server.sockets import QUICK, calling
from voice_agent.contracts import Memory, RiskLevel, RiskState, SessionReport, Stage

HIGH_RISK = RiskState(
    level=RiskLevel.HIGH,
    category="suicidal_ideation",
    evidence=("rules",),
    since_turn=2,
    asked_directly=True,
    resources_given=("988",),
)
TEA = Memory("likes tea", "preference", caller_confirmed=True)
SECRET = Memory("never agreed to", "event", caller_confirmed=False)
REPORT = SessionReport(2, {"question": 1}, (Stage.INSIGHT,), RiskLevel.HIGH, {}, (), False, True)


class Remembers(FakeConversation):
    """Grows more worried with every turn, and remembers one thing."""

    def __init__(self, known=None):
        super().__init__()
        self.known = known
        self.risk = known.risk if known else RiskState()
        self.memories = (*(known.memories if known else ()),)
        self.activities = SimpleNamespace(state=lambda: {"current": None, "paused": None})

    def respond(self, turn):
        self.risk = HIGH_RISK
        self.memories = (TEA, SECRET)
        return dataclasses.replace(reply_of("I see."), risk=self.risk)

    def report(self):
        return REPORT


@pytest.fixture
def store(tmp_path):
    store = CallStore(place_of(str(tmp_path / "calls")))
    yield store
    store.close()


def entry(name="s1", caller="c1", started=1000.0, log=None):
    return Entry(name, "native", OPERATOR, started, caller, log)


def state(risk=HIGH_RISK, memories=(TEA, SECRET)):
    return State(risk, memories, {"turns": 2})


def test_risk_and_consented_memories_come_back_at_the_next_call(store):
    store.begin(entry())
    store.keep("s1", state(), Outcome(1100.0, 1000, "goodbye"))
    assert store.known("c1", now=1200.0) == Known(HIGH_RISK, (TEA,))
    assert store.known("somebody else", now=1200.0) == Known()


levels = st.builds(
    RiskState,
    level=st.sampled_from(RiskLevel),
    category=st.text(max_size=9),
    evidence=st.lists(st.text(max_size=9)).map(tuple),
    since_turn=st.integers(-1, 99),
    asked_directly=st.booleans(),
    resources_given=st.lists(st.text(max_size=9)).map(tuple),
    handoff=st.booleans(),
    calm_turns=st.integers(0, 9),
)


@given(levels)
def test_any_risk_state_is_read_as_it_was_written(risk):
    from server.store.store import _risk
    from voice_agent.contracts import to_json

    assert _risk(json.loads(json.dumps(to_json(risk)))) == risk


def test_what_is_no_longer_wanted_is_gone_with_the_next_turn(store):
    store.begin(entry())
    store.keep("s1", state())
    store.keep("s1", state(memories=()))
    assert store.known("c1", now=0.0).memories == ()


def test_memories_expire(store):
    store.begin(entry())
    soon = dataclasses.replace(TEA, expires=2000.0)
    store.keep("s1", state(memories=(soon,)))
    assert store.known("c1", now=1999.0).memories == (soon,)
    assert store.known("c1", now=2001.0).memories == ()
    store.sweep(now=2001.0, keep_s=10_000.0)
    assert store.export("c1")["memories"] == []


def test_a_caller_is_deleted_with_everything(store, tmp_path):
    log = tmp_path / "call.jsonl"
    log.write_text("{}")
    store.begin(entry(log=log))
    store.begin(entry("s2", "c2"))
    store.keep("s1", state())
    assert store.forget("c1") == 1
    assert not log.exists()
    assert [caller.id for caller in store.callers()] == ["c2"]
    store.keep("s1", state(), Outcome(1.0, 1000, ""))  # the call was still running
    assert store.known("c1", now=0.0) == Known()
    with pytest.raises(SecoustiError, match="nobody in this store"):
        store.forget("c1")


def test_old_calls_go_with_their_logs_and_their_callers(store, tmp_path):
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    for path in (old, new):
        path.write_text("{}")
    store.begin(entry("s1", "c1", started=0.0, log=old))
    store.keep("s1", state())
    store.begin(entry("s2", "c2", started=900.0, log=new))
    store.begin(entry("s3", None, started=0.0))
    assert store.sweep(now=1000.0, keep_s=500.0) == 2
    assert (old.exists(), new.exists()) == (False, True)
    assert [caller.id for caller in store.callers()] == ["c2"]


def test_callers_are_keyed_hashes_and_tenants_share_none(tmp_path):
    one, other = place_of(str(tmp_path / "a")), place_of(str(tmp_path / "b"))
    assert one.id_of("+1 555 0100") == one.id_of("+15550100")
    assert one.id_of("+15550100") != other.id_of("+15550100")
    assert one.id_of("+15550100", "a") != one.id_of("+15550100", "b")
    assert place_of(str(tmp_path / "a")).key == one.key
    assert (tmp_path / "a" / KEY_FILE).stat().st_mode & 0o077 == 0


def test_faults_are_one_sentence(tmp_path):
    with pytest.raises(SecoustiError, match="SECOUSTI_STORE_KEY"):
        place_of("postgresql+pg8000://db/calls")
    with pytest.raises(SecoustiError, match="cannot use a store"):
        CallStore(place_of("nonsense://x", "key"))
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(SecoustiError, match="cannot keep calls in"):
        place_of(str(blocked))
    place = place_of(str(tmp_path / "calls"))
    CallStore(place).close()
    with sqlite3.connect(tmp_path / "calls" / "calls.sqlite") as raw:
        raw.execute("UPDATE schema SET version = 99")
    with pytest.raises(SecoustiError, match="version 99"):
        CallStore(place)


def stored(work, tmp_path, **settings):
    """Runs ``work(server, places)`` with a store; ``places`` collects conversations."""
    talks = []

    def conversation(locale, known=None):
        talks.append(Remembers(known))
        return talks[-1]

    plan = dataclasses.replace(QUICK, store=str(tmp_path / "calls"), slots=1, **settings)

    async def inner():
        async with Server(plan, fake_parts(conversation=conversation)) as server:
            await work(server, talks)

    run(inner())
    return talks


async def a_call(server, caller="+15550100"):
    async with calling(server, hello=False) as line:
        await line.socket.send(native.encode(native.Hello(caller=caller, events=True)))
        await line.until(native.End)
        await line.turn()
        await line.until(native.TurnInfo, 2)
        await line.socket.send(native.encode(native.Bye()))
        await line.closed()


def test_a_callers_next_call_knows_the_risk_and_the_tea(tmp_path):
    async def work(server, talks):
        await a_call(server)
        await a_call(server)
        await a_call(server, caller="")

    first, second, third = stored(work, tmp_path, log_dir=tmp_path / "logs")
    assert first.known == Known()
    assert second.known == Known(HIGH_RISK, (TEA,))
    assert third.known is None
    place = place_of(str(tmp_path / "calls"))
    store = CallStore(place)
    [caller] = store.callers()
    assert (caller.id, caller.calls, caller.risk) == (
        place.id_of("+15550100", caller_tenant(store, caller.id)),
        2,
        "high",
    )
    calls = store.export(caller.id)["calls"]
    assert [(call["wire"], call["code"], call["report"]["turns"]) for call in calls] == [
        ("native", 1000, 2)
    ] * 2
    assert all(read_call(Path(call["log"])) for call in calls)
    assert b"15550100" not in (tmp_path / "calls" / "calls.sqlite").read_bytes()


def caller_tenant(store, id_):
    return store.export(id_)["calls"][0]["tenant"]


def test_who_calls_is_not_believed_of_everybody(tmp_path):
    async def work(server, talks):
        await a_call(server)

    [talk] = stored(work, tmp_path, host="0.0.0.0", insecure=True)
    assert talk.known is None


def test_a_store_that_hangs_or_fails_is_not_in_a_calls_way(tmp_path, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr("server.store.keeper.KNOWN_S", 0.05)
    monkeypatch.setattr("server.store.keeper.CLOSE_S", 0.05)
    monkeypatch.setattr(CallStore, "begin", lambda *_: gate.wait(20))

    async def work(server, talks):
        try:
            await a_call(server)
            await a_call(server)
        finally:
            gate.set()

    talks = stored(work, tmp_path)
    assert len(talks) == 2


def test_nothing_is_kept_unless_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def inner():
        async with Server(QUICK, fake_parts()) as server:
            await a_call(server)

    run(inner())
    assert list(tmp_path.iterdir()) == []


def test_the_keeper_sweeps_at_the_start(tmp_path):
    place = place_of(str(tmp_path))
    store = CallStore(place)
    store.begin(entry(started=0.0))

    async def work():
        keeper = Keeper(str(tmp_path), keep_days=1, clock=lambda: 3 * DAY_S)
        keeper.start()
        await asyncio.sleep(0)
        await keeper.close()

    run(work())
    assert store.callers() == []


KILLED = """
import asyncio, dataclasses, sys
from pathlib import Path
from server.app import Server
from tests.server.fakes import fake_parts
from tests.server.sockets import QUICK
from tests.server.test_store import Remembers

async def serve():
    folder = Path(sys.argv[1])
    plan = dataclasses.replace(QUICK, store=str(folder / "calls"), log_dir=folder / "logs")
    parts = fake_parts(conversation=lambda locale, known=None: Remembers(known))
    async with Server(plan, parts) as server:
        print(server.port, flush=True)
        await asyncio.sleep(600)

asyncio.run(serve())
"""


def test_a_server_that_is_killed_in_a_call_loses_no_committed_state_and_no_packet(tmp_path):
    server = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)], stdout=subprocess.PIPE
    )

    class There:
        port = int(server.stdout.readline())

    async def work():
        async with calling(There, hello=False) as line:
            await line.socket.send(native.encode(native.Hello(caller="+15550100", events=True)))
            await line.until(native.End)
            await line.turn()
            await line.until(native.End, 2)
            await line.speak(0.0, 1.0)
            sent = line.encoder.index[0]
            server.send_signal(signal.SIGKILL)
            await asyncio.to_thread(server.wait)
            return sent

    try:
        sent = run(work())
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    place = place_of(str(tmp_path / "calls"))
    store = CallStore(place)
    [caller] = store.callers()
    assert store.known(caller.id, now=0.0) == Known(HIGH_RISK, (TEA,))
    [call] = store.export(caller.id)["calls"]
    assert call["ended"] is None
    [log] = (tmp_path / "logs").glob("*.jsonl")
    heard = read_call(log)
    assert len(heard.uplink()) >= sent - 25  # at most the last second, of 40 ms packets
    assert [event["event"] for event in heard.events if event["event"] == "turn"] == ["turn"] * 2


def test_the_command_lists_exports_and_deletes(tmp_path, capsys):
    folder = str(tmp_path / "calls")
    place = place_of(folder)
    store = CallStore(place)
    who = place.id_of("+15550100", OPERATOR)
    store.begin(entry(caller=who))
    store.keep("s1", state(), Outcome(1100.0, 1000, "goodbye"))
    assert main(["callers", "list", "--store", folder]) == 0
    listed = capsys.readouterr().out
    assert who in listed
    assert "calls 1  memories 1  risk high" in listed
    assert main(["callers", "export", "--store", folder, "--caller", "+1 555 0100"]) == 0
    assert json.loads(capsys.readouterr().out)["caller"]["id"] == who
    assert main(["callers", "delete", "--store", folder, "--id", who]) == 0
    assert store.callers() == []
    for wrong in (
        ["callers", "delete", "--store", folder],
        ["callers", "list", "--store", str(tmp_path / "nowhere")],
        ["callers", "export", "--store", folder, "--id", who],
    ):
        assert main(wrong) != 0
    assert not (tmp_path / "nowhere").exists()
