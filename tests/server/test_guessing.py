"""Tokens that come inside a stream are guessed no oftener than those in a header; a signature that
was seen before opens nothing by itself."""

from __future__ import annotations

import contextlib
import dataclasses
import json

import pytest
from websockets.exceptions import ConnectionClosed

from server.limits import CrowdLimits
from server.wires.closing import CloseCode
from tests.server.sockets import QUICK, with_server
from tests.server.test_app import refused
from tests.server.test_doors import SECRET, dial, signature, status
from tests.server.wires.test_twilio import with_parameters
from tests.server.wires.test_vendors import VENDORS

STARTS = {"twilio": lambda token: with_parameters({"token": token} if token else {})} | {
    name: vendor.start for name, vendor in VENDORS.items()
}
STRICT = CrowdLimits(address_failures_per_s=1 / 60)  # one, and then one a minute
TOKEN = dataclasses.replace(QUICK, token="let-me-in", crowd=STRICT)


async def tried(server, name, token, **headers):
    """How a stream with this token ends; None: it is taken."""
    async with dial(server, f"/{name}", **headers) as socket:
        with contextlib.suppress(ConnectionClosed):
            await socket.send(json.dumps(STARTS[name](token)))
            await socket.recv()
            return None
        return socket.close_code


def refusals(server, wire, reason):
    name, labels = "secousti_refusals_total", {"wire": wire, "reason": reason}
    return server.metrics.registry.get_sample_value(name, labels)


@pytest.mark.parametrize("name", STARTS)
def test_an_address_that_guesses_in_streams_must_wait_as_for_headers(name):
    async def work(server):
        assert await tried(server, name, "a-guess") == CloseCode.POLICY
        assert await tried(server, name, "let-me-in") == CloseCode.POLICY
        assert refusals(server, name, "token") == 1
        assert refusals(server, name, "guessing") == 1
        right = {"Authorization": "Bearer let-me-in"}
        assert await refused(server, additional_headers=right) == 429
        assert server.calls == 0

    with_server(work, TOKEN)


def test_a_token_that_was_forgotten_is_no_guess_and_the_right_one_opens():
    async def work(server):
        for _ in range(3):
            assert await tried(server, "twilio", None) == CloseCode.POLICY
        assert await tried(server, "twilio", "let-me-in") is None

    with_server(work, TOKEN)


def test_a_signature_that_is_replayed_opens_neither_without_the_token_nor_elsewhere():
    async def work(server):
        seen = {"X-Twilio-Signature": signature()}
        assert await tried(server, "twilio", "let-me-in", **seen) is None
        for _ in range(5):
            assert await tried(server, "twilio", None, **seen) == CloseCode.POLICY
        assert await status(server, "/twilio?caller=me", **seen) == 403
        assert await status(server, "/telnyx", Origin="https://evil.example", **seen) == 403
        assert await tried(server, "telnyx", None, **seen) == CloseCode.POLICY
        assert refusals(server, "twilio", "token") == 5

    with_server(work, dataclasses.replace(SECRET, public_url="wss://help.example"))
