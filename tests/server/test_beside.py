"""Whatever one caller sends, another one's call in the same house is the same to the packet."""

from __future__ import annotations

import asyncio
import contextlib
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codec.rates import RATES
from server.house import House
from server.scripts import ScriptShelf
from server.session import Session
from server.settings import ServerSettings
from server.wires import native
from server.wires.closing import MEANING
from tests.server.fakes import FakeConversation, fake_parts
from tests.server.test_fuzz import WIRES, Mute, messages, others
from tests.server.virtual import SILENT, Line, VirtualEngine, VirtualLoop, VirtualPool, now

ALL = WIRES | {"native": (native.ServerWire, native.encode(native.Hello()))}


def house_of(slots=2):
    parts = fake_parts(conversation=lambda locale: FakeConversation())
    engine = VirtualEngine(parts.codecs, slots)
    shelf, pool, ears = ScriptShelf(), VirtualPool(), VirtualPool()
    return House(ServerSettings(), parts, engine, shelf, pool, ears, now, lambda *_: None)


async def good_call(house):
    """A greeting and an answer; everything that came, with its time."""
    line = Line(RATES["high"])
    line.say(native.Hello(events=True))
    running = asyncio.create_task(Session("good", line, house, native.ServerWire()).run())
    await line.until(native.End)
    await line.turn()
    await line.until(native.End, 2)
    await line.speak(SILENT, 1.0)
    line.hang_up()
    ended = await running
    told = [
        (round(at, 6), event) for at, event in line.got if not isinstance(event, native.Welcome)
    ]
    return told, ended.code


async def bad_call(house, make, sent):
    phone = Mute()
    running = asyncio.create_task(Session("bad", phone, house, make()).run())
    for message, pause in sent:
        phone.say(message)
        await asyncio.sleep(pause)
    phone.hang_up()
    return (await running).code


def together(*callers):
    """The results of callers in one house; slots and tasks are as before."""
    loop = VirtualLoop()

    async def all_of_them():
        house = house_of()
        results = await asyncio.gather(*(caller(house) for caller in callers))
        await asyncio.gather(*house.seats._calls)
        await asyncio.sleep(0.01)
        assert house.engine.free == 2
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return results

    with contextlib.closing(loop):
        return loop.run_until_complete(all_of_them())


@cache
def undisturbed():
    [result] = together(good_call)
    return result


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.parametrize(("make", "opening"), ALL.values(), ids=ALL.keys())
@given(
    st.lists(st.tuples(st.one_of(others, messages), st.floats(0, 0.5)), max_size=10), st.booleans()
)
def test_a_fuzzed_wire_changes_nothing_for_the_call_beside_it(make, opening, sent, opened):
    sent = [(opening, 0.1)] * opened + sent
    good, code = together(good_call, lambda house: bad_call(house, make, sent))
    assert code in MEANING
    assert good == undisturbed()
