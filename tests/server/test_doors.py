"""The handshakes of a server on a real socket: which path is which wire, and who gets in."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from server.auth import offered_token
from server.calllog import read_call
from server.wires.closing import CloseCode
from server.wires.twilio import MULAW
from tests.server.sockets import QUICK, calls_are, with_server
from tests.server.wires.test_twilio import with_parameters


def dial(server, path, **headers):
    return connect(
        f"ws://127.0.0.1:{server.port}{path}", compression=None, additional_headers=headers
    )


async def status(server, path, **headers):
    with pytest.raises(InvalidStatus) as caught:
        async with dial(server, path, **headers):
            pass
    return caught.value.response.status_code


async def a_twilio_call(socket, **parameters):
    """A whole conversation in real time; returns (seconds heard, close code)."""
    heard = 0.0

    async def listen():
        nonlocal heard
        async for message in socket:
            fields = json.loads(message)
            if fields["event"] == "media":
                sound = MULAW.decode(base64.b64decode(fields["media"]["payload"]))
                heard += (np.abs(sound) > 0.1).sum() / 8000
            if fields["event"] == "mark":
                await socket.send(json.dumps(fields))

    await socket.send('{"event": "connected", "protocol": "Call", "version": "1.0.0"}')
    await socket.send(json.dumps(with_parameters(parameters)))
    listening = asyncio.create_task(listen())
    for level, count in ((0.0, 20), (0.4, 30), (0.0, 50)):
        payload = base64.b64encode(MULAW.encode(np.full(160, level, np.float32))).decode()
        for _ in range(count):
            await socket.send(json.dumps({"event": "media", "media": {"payload": payload}}))
            await asyncio.sleep(0.02)
    await socket.send('{"event": "stop"}')
    await listening
    return heard, socket.close_code


def test_a_phone_call_over_a_socket_is_answered_and_its_log_replays(tmp_path):
    async def work(server):
        async with dial(server, "/twilio") as socket:
            heard, code = await a_twilio_call(socket)
            assert code == CloseCode.NORMAL
        await calls_are(server, 0)
        return heard

    heard = with_server(work, dataclasses.replace(QUICK, log_dir=tmp_path))
    assert heard > 0.4  # greeting and answer
    [path] = tmp_path.glob("*.jsonl")
    call = read_call(path)
    assert call.header["up"] == call.header["down"] == "mulaw/8000"
    said = np.concatenate([call.pcm("down", number) for number in call.generations()])
    assert (np.abs(said) > 0.1).sum() / 16_000 == pytest.approx(heard, abs=0.02)
    caller = call.pcm("up")
    assert len(caller) / 16_000 == pytest.approx(2.0)
    assert (np.abs(caller) > 0.2).sum() / 16_000 == pytest.approx(0.6, abs=0.02)


SECRET = dataclasses.replace(QUICK, token="let-me-in", twilio_auth_token="sesame")
URL = "wss://help.example/twilio"


def signature(url=URL, secret="sesame"):
    validator = pytest.importorskip("twilio.request_validator", reason="pip install twilio")
    return validator.RequestValidator(secret).compute_signature(url, {})


def test_twilio_must_sign_and_its_stream_must_bring_the_token():
    async def work(server):
        assert await status(server, "/twilio") == 403
        forged = {"X-Twilio-Signature": signature(secret="other")}
        assert await status(server, "/twilio", **forged) == 403
        elsewhere = {"X-Twilio-Signature": signature("wss://other.example/twilio")}
        assert await status(server, "/twilio", **elsewhere) == 403
        signed = {"X-Twilio-Signature": signature()}
        async with dial(server, "/twilio", **signed) as socket:
            await socket.send(json.dumps(with_parameters({"token": "guess"})))
            with pytest.raises(ConnectionClosed):
                while True:
                    await socket.recv()
            assert socket.close_code == CloseCode.POLICY
        async with dial(server, "/twilio", **signed) as socket:
            await socket.send(json.dumps(with_parameters({"token": "let-me-in"})))
            assert json.loads(await socket.recv())["event"] == "media"

    with_server(work, dataclasses.replace(SECRET, public_url="wss://help.example"))


def test_the_signed_address_is_the_called_one_where_none_is_set():
    async def work(server):
        called = signature(f"wss://127.0.0.1:{server.port}/twilio")
        async with dial(server, "/twilio", **{"X-Twilio-Signature": called}):
            pass

    with_server(work, SECRET)


def test_doors_that_are_shut_are_not_there():
    async def work(server):
        assert await status(server, "/twilio") == 404
        assert await status(server, "/nowhere") == 404

    with_server(work, dataclasses.replace(QUICK, wires=("call",)))


def test_a_page_elsewhere_stays_out_of_every_door():
    async def work(server):
        assert await status(server, "/twilio", Origin="https://evil.example") == 403

    with_server(work)


def test_a_full_server_turns_a_phone_away_and_the_running_call_goes_on():
    async def work(server):
        async with dial(server, "/twilio") as first, dial(server, "/twilio") as second:
            running = asyncio.create_task(a_twilio_call(first))
            await calls_are(server, 1)
            await second.send(json.dumps(with_parameters({})))
            with pytest.raises(ConnectionClosed):
                while True:
                    await second.recv()
            assert second.close_code == CloseCode.TRY_LATER
            heard, code = await running
            assert heard > 0.4
            assert code == CloseCode.NORMAL

    with_server(work, dataclasses.replace(QUICK, slots=1))


def test_a_password_is_a_token_too():
    encoded = base64.b64encode(b"asterisk:let-me-in").decode()
    assert offered_token(f"Basic {encoded}", []) == "let-me-in"
    for broken in ("Basic %%", "Basic /w==", "Basic", "Digest x"):
        assert not offered_token(broken, [])


def test_asterisk_proves_itself_by_password_and_holds_a_conversation():
    password = "Basic " + base64.b64encode(b"secousti:let-me-in").decode()

    async def work(server):
        assert await status(server, "/asterisk") == 401
        address = f"ws://127.0.0.1:{server.port}/asterisk"
        headers = {"Authorization": password}
        async with connect(
            address, compression=None, additional_headers=headers, subprotocols=["media"]
        ) as socket:
            assert socket.subprotocol == "media"
            await socket.send('{"event":"MEDIA_START","channel_id":"1.7","format":"slin"}')
            assert len(await socket.recv()) == 320  # the greeting
            await socket.send("MEDIA_START plain:text")
            with pytest.raises(ConnectionClosed):
                while True:
                    await socket.recv()
            assert socket.close_code == CloseCode.UNSUPPORTED

    with_server(work, SECRET)
