"""A line for each turn; what was said is in it only where the operator asked for words."""

from __future__ import annotations

import dataclasses
import json
import logging

import pytest

from server.logs import JsonLines
from server.wires import native
from tests.server.sockets import QUICK, calling, with_server


@pytest.mark.parametrize("words", [False, True])
def test_a_turn_is_a_line_of_its_call(words, caplog):
    lines = []

    class Kept(logging.Handler):
        def emit(self, record):
            lines.append(json.loads(JsonLines().format(record)))

    async def work(server):
        async with calling(server) as caller:
            await caller.until(native.End)
            await caller.turn()
            await caller.until(native.End, 2)
            return caller.of(native.Welcome)[0].session

    logger, kept = logging.getLogger("server.turnlog"), Kept()
    logger.addHandler(kept)
    caplog.set_level(logging.INFO, "server.turnlog")
    try:
        session = with_server(work, dataclasses.replace(QUICK, log_words=words))
    finally:
        logger.removeHandler(kept)
    began, _, turn = lines
    assert (began["message"], began["wire"]) == ("call began", "native")
    assert {line["call"] for line in lines} == {session}
    assert turn["latency_ms"]["voice_to_voice"] > 0
    assert turn.get("heard") == ("I feel tired" if words else None)
    assert ("tired" in json.dumps(lines)) is words
