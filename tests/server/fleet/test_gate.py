"""Two servers behind one way in: who goes where, and who comes back where."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.fleet import gate
from server.fleet.directory import Listing
from server.fleet.gate import returning
from server.fleet.relay import call_up
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.fakes import run
from tests.server.fleet.asgi import Call, page, running
from tests.server.sockets import QUICK, calls_are

SETTINGS = replace(QUICK, slots=1, resume_s=30.0, trusted_proxies=("127.0.0.1",))


def with_two(work, settings=SETTINGS):
    async def inner():
        directory = Listing()
        async with running(directory, settings) as one, running(directory, settings) as two:
            return await work(one, two, directory)

    return run(inner())


async def greeted(gate, **more):
    call = Call(gate, **more)
    call.say(native.Hello(rate="high"))
    return call, await call.until(native.Welcome)


def test_a_call_goes_to_the_server_at_its_own_door():
    async def work(one, two, directory):
        call, welcome = await greeted(one)
        await call.until(native.End)
        assert await directory.where(welcome.session) == one.home
        assert (one._server.calls, two._server.calls) == (1, 0)
        call.say(native.Bye())
        assert (await call.last())["code"] == CloseCode.NORMAL
        await calls_are(one._server, 0)
        assert await directory.where(welcome.session) is None

    with_two(work)


def test_where_one_is_full_the_next_answers_and_the_last_refusal_is_polite():
    async def work(one, two, directory):
        calls = [await greeted(one) for _ in range(2)]
        homes = {await directory.where(welcome.session) for _, welcome in calls}
        assert homes == {one.home, two.home}
        third = Call(one)
        third.say(native.Hello())
        assert (await third.last())["code"] == CloseCode.TRY_LATER
        for call, _ in calls:
            await call.gone(1000)

    with_two(work)


@pytest.mark.parametrize("code", [1005, 1006])
def test_who_comes_back_by_the_other_door_finds_his_call(code):
    async def work(one, two, directory):
        call, welcome = await greeted(one)
        begun = await call.until(native.Begin)
        await call.gone(code)
        again = Call(two)
        again.wire = call.wire
        again.wire.broke()
        again.say(
            native.Resume(
                session=welcome.session, token=welcome.resume, generation=begun.generation
            )
        )
        await again.until(native.Resumed)
        await again.until(native.Packets)  # what was not heard is said again
        assert await directory.where(welcome.session) == one.home
        assert (one._server.calls, two._server.calls) == (1, 0)
        await again.gone(1000)
        await calls_are(one._server, 0)

    with_two(work)


def test_a_wrong_secret_opens_no_call_by_any_door():
    async def work(one, two, directory):
        call, welcome = await greeted(one)
        thief = Call(two)
        thief.say(native.Resume(session=welcome.session, token="x" * 43))
        assert (await thief.last())["code"] == CloseCode.NO_SUCH_CALL
        assert not call.task.done()
        await call.gone(1000)

    with_two(work)


def test_a_call_whose_server_is_gone_is_no_call():
    async def work(one, two, directory):
        directory.enter("lost", "127.0.0.1:9")
        call = Call(two)
        call.say(native.Resume(session="lost", token="x" * 43))
        assert (await call.last())["code"] == CloseCode.NO_SUCH_CALL

    with_two(work)


def test_a_server_that_has_gone_turns_nobody_away_for_good(monkeypatch):
    async def work(one, two, directory):
        async def gone():
            return "127.0.0.1:9"

        monkeypatch.setattr(one, "_roomiest", gone)
        assert await Call(one).last() == {"type": "websocket.close", "code": CloseCode.TRY_LATER}

    with_two(work)


def test_who_comes_back_by_his_own_door_is_connected_once(monkeypatch):
    connected = []

    async def counted(scope, server):
        connected.append(server)
        return await call_up(scope, server)

    monkeypatch.setattr(gate, "call_up", counted)

    async def work(one, two, directory):
        call, welcome = await greeted(one)
        begun = await call.until(native.Begin)
        await call.gone()
        again = Call(one)
        again.wire = call.wire
        again.wire.broke()
        name, secret = welcome.session, welcome.resume
        again.say(native.Resume(session=name, token=secret, generation=begun.generation))
        await again.until(native.Resumed)
        assert connected == [one.home, one.home]
        await again.gone(1000)

    # A second slot, so that a house with his call in it is not full and he is let in by it.
    with_two(work, replace(SETTINGS, slots=2))


def test_a_refused_handshake_is_answered_as_the_server_has():
    async def work(one, two, directory):
        call = Call(one, subprotocols=[f"secousti.token.{'wrong' * 3}", native.SUBPROTOCOL])
        said = await call.last()
        assert said["type"] == "websocket.http.response.start"
        assert said["status"] == 401
        elsewhere = Call(one, headers=[(b"origin", b"https://evil.example")])
        assert (await elsewhere.last())["status"] == 403
        unable = Call(one, headers=[(b"origin", b"https://evil.example")], extensions={})
        assert (await unable.last())["type"] == "websocket.close"

    with_two(work, replace(SETTINGS, token="secret-token"))


def test_the_page_itself_may_call():
    async def work(one, two, directory):
        address = [(b"host", b"127.0.0.1:8765"), (b"origin", b"http://127.0.0.1:8765")]
        call, _ = await greeted(one, headers=address)
        await call.gone(1000)

    with_two(work)


def test_callers_are_counted_by_their_own_address():
    async def work(one, two, directory):
        call, _ = await greeted(one)
        assert one._server._house.crowd._connections.keys() == {"203.0.113.7"}
        await call.gone(1000)

    with_two(work)


def test_pages_are_those_of_the_server_and_numbers_those_of_all():
    async def work(one, two, directory):
        call, _ = await greeted(two)
        status, headers, body = await page(one, "/healthz")
        assert (status, headers["content-type"]) == (200, "application/json")
        assert '"ready"' in body
        assert (await page(one, "/"))[0] == 200
        assert (await page(one, "/nowhere"))[0] == 404
        assert (await page(one, "/metrics"))[0] == 401
        bearer = [(b"authorization", b"Bearer numbers-for-me")]
        status, _, body = await page(one, "/metrics", bearer)
        assert status == 200
        for server in (one.home, two.home):
            assert f'replica="{server}"' in body
        kinds = [line for line in body.splitlines() if line.startswith("# TYPE")]
        assert kinds
        assert len(kinds) == len(set(kinds))  # each family stands once
        await call.gone(1000)

    with_two(work, replace(SETTINGS, metrics_token="numbers-for-me"))


def test_a_server_that_leaves_ends_its_calls_with_a_word():
    async def inner():
        directory = Listing()
        async with running(directory, SETTINGS) as one:
            call, _ = await greeted(one)
        assert (await call.last())["code"] == CloseCode.GOING_AWAY
        await call.task
        assert await directory.servers() == []

    run(inner())


def test_only_a_native_clients_resume_names_a_session():
    assert returning('{"type": "resume", "session": "a1"}') == "a1"
    for other in (b"\x00", "", "[1]", "{", '{"type": "hello"}', '{"type": "resume", "session": 7}'):
        assert returning(other) is None
