"""A real process of fakes, killed in a call and started again over what it kept."""

from __future__ import annotations

import asyncio
import sys
from functools import partial

import numpy as np
import pytest

from codec.errors import SecoustiError
from codec.rates import HIGH
from secousti.bench import killing
from secousti.bench.far_ends import NativeEnd
from secousti.bench.lines import token_repertoire
from secousti.bench.served import served
from secousti.bench.soak import SETTINGS, home
from tests.secousti.test_serve import SCRIPT
from tests.server.fakes import FakeCodec

FAKES = partial(served, command=(sys.executable, "-c", SCRIPT))


def test_a_killed_server_keeps_what_was_committed_and_its_successor_refuses_politely(monkeypatch):
    monkeypatch.setattr(killing, "served", FAKES)
    repertoire = token_repertoire(FakeCodec(HIGH), HIGH, [np.zeros(160, np.float32)])
    with home() as words:
        words += ["--slots", "2"]
        end = NativeEnd(HIGH)
        outcome = asyncio.run(killing.killed_in_a_call(words, SETTINGS, end, repertoire))
    assert outcome.passed, outcome.numbers
    assert "no call to come back to" in outcome.numbers["to who comes back"]


def test_a_server_that_does_not_start_says_why():
    async def start():
        async with served(command=(sys.executable, "-c", "import sys; sys.exit('no weights')")):
            raise AssertionError("it started")

    with pytest.raises(SecoustiError, match="did not start: no weights"):
        asyncio.run(start())
