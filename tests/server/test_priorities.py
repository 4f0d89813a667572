"""Hearing keeps the priority of the event loop; thinking and speaking give way to both."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from server.wires import native
from tests.server.fakes import FakeConversation, FakeListener, FakeVoice
from tests.server.sockets import calling, with_server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a thread has no priority here")


def niceness():
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_what_carries_sound_comes_before_what_may_wait():
    found = {}

    class Listener(FakeListener):
        def push(self, pcm):
            found["hear"] = niceness()
            return super().push(pcm)

    class Conversation(FakeConversation):
        def respond(self, turn):
            found["think"] = niceness()
            return super().respond(turn)

    class Voice(FakeVoice):
        def speak(self, text, pace=1.0):
            found["speak"] = niceness()
            yield from super().speak(text, pace)

    async def work(server):
        found["loop"] = niceness()
        async with calling(server) as caller:
            await caller.until(native.End)
            await caller.turn()
            await caller.until(native.End, 2)

    with_server(work, listener=Listener, conversation=lambda locale: Conversation(), voice=Voice())
    assert found["hear"] == found["loop"]
    assert min(found["think"], found["speak"]) > found["loop"]
