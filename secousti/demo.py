"""``secousti call``: a server where none was named, a call held with recordings, its files.

The folder of a call holds the replies as the caller heard them and ``call.jsonl``, its token log.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch

from codec import Codec, load_codec
from codec.audio import write_wav
from secousti.caller import Caller, Turn
from secousti.client import Broken, Call, CallEvent, Mended, connect
from secousti.files import replacing
from secousti.house import build_parts, server_settings
from secousti.recording import CallerTurn
from secousti.replay import reply_name
from secousti.settings import Settings
from secousti.show import Show
from server.app import Server
from server.calllog import CallLog
from server.wires.native import More, TurnInfo

BUNDLED_CALLER = Path(__file__).parent / "data" / "caller"
LOG_NAME = "call.jsonl"


@dataclass(frozen=True)
class Place:
    """Where a call goes: an address that answers, its token, and the codec to speak with."""

    url: str
    token: str | None
    codec: Codec


def bundled_turns() -> list[Path]:
    """The recordings that call when no other caller is named."""
    return sorted(BUNDLED_CALLER.glob("turn-*.ogg"))


@asynccontextmanager
async def answering(settings: Settings, url: str | None, show: Show) -> AsyncIterator[Place]:
    """``url`` itself, or a server in this process on a free loopback port.

    Raises :class:`~codec.errors.SecoustiError` where weights or models are missing.
    """
    if url is not None:
        token = settings.token.get_secret_value() if settings.token else None
        yield Place(url, token, load_codec(settings.rate, weights=settings.weights))
        return
    show.step("loading the models and starting a server")
    plan = replace(
        server_settings(settings),
        host="127.0.0.1",
        port=0,
        audiosocket_port=None,
        token=None,
        log_dir=None,
        slots=1,
    )
    parts = build_parts(settings, (settings.rate,))
    async with Server(plan, parts) as server:
        codec = load_codec(settings.rate, weights=settings.weights)
        yield Place(f"ws://127.0.0.1:{server.port}", None, codec)


async def make_call(
    settings: Settings, url: str | None, turns: Sequence[CallerTurn], out: Path, show: Show
) -> dict[str, Any]:
    """Hold the call, leave its files in ``out``, and return it as plain JSON values.

    Raises :class:`~codec.errors.SecoustiError` where no call comes about or the line breaks; the
    token log is then whole up to that moment.
    """
    async with answering(settings, url, show) as place:
        show.title(settings.rate, place.url, describe(turns))
        async with connect(
            place.url, place.codec, token=place.token, locale=settings.locale
        ) as call:
            call.log = open_log(out, call)
            caller = Caller(call, partial(show_event, show))
            try:
                said = await caller.converse(
                    [turn.wav for turn in turns],
                    lambda index: show.caller(turns[index].path.name, turns[index].seconds),
                    lambda turn: show_answer(show, call, turn),
                )
            finally:
                call.log.close()
                keep_replies(out, caller)
    return report(call, caller, said, out)


def show_event(show: Show, event: CallEvent) -> None:
    match event:
        case TurnInfo():
            if event.heard:
                show.heard(event.heard, event.stage, event.strategy, event.risk)
            show.agent(event.said)
        case More():
            show.agent(event.said)
        case Broken():
            show.step("the line broke: coming back")
        case Mended():
            show.step("back on the line")


def show_answer(show: Show, call: Call, turn: Turn) -> None:
    show.waited(latency_ms(turn))
    show.bits(call.up.bps, call.down.bps)


def describe(turns: Sequence[CallerTurn]) -> str:
    if turns and turns[0].path.parent == BUNDLED_CALLER:
        return "the caller is a synthetic recording; speech travels as codec tokens, in real time"
    return "the caller is a recording; speech travels as codec tokens, in real time"


def open_log(out: Path, call: Call) -> CallLog:
    """A fresh token log in ``out``; what an earlier call left there under our names goes."""
    for old in (out / LOG_NAME, out / "greeting.wav", *out.glob("reply-*.wav")):
        old.unlink(missing_ok=True)
    started = datetime.now(UTC).isoformat()
    return CallLog(out / LOG_NAME, call.rate, time.monotonic, started, call.session)


def keep_replies(out: Path, caller: Caller) -> None:
    for reply in caller.replies.values():
        with replacing(out / reply_name(reply.generation)) as draft:
            write_wav(draft, torch.from_numpy(reply.wav))


def report(call: Call, caller: Caller, turns: Sequence[Turn], out: Path) -> dict[str, Any]:
    """The call as plain JSON values: the machine-readable contract of ``call --json``."""
    return {
        "greeting": {"said": greeting(caller), "reply_wav": str(out / reply_name(1))},
        "turns": [turn_report(turn, out) for turn in turns],
        "uplink_bps": round(call.up.bps, 1),
        "downlink_bps": round(call.down.bps, 1),
        "uplink_wire_bps": round(call.up.wire_bps, 1),
        "downlink_wire_bps": round(call.down.wire_bps, 1),
        "log": str(out / LOG_NAME),
    }


def greeting(caller: Caller) -> str:
    """What the agent opened with, its disclosure in it."""
    info = caller.replies[1].info
    return info.said if info else ""


def turn_report(turn: Turn, out: Path) -> dict[str, Any]:
    info = turn.info
    return {
        "heard": turn.heard,
        "said": info.said if info else "",
        "stage": info.stage.value if info else None,
        "strategy": info.strategy.value if info else None,
        "risk": info.risk.value if info else None,
        "reply_wav": str(out / reply_name(turn.reply.generation)) if turn.reply else None,
        "latency_ms": latency_ms(turn),
    }


def latency_ms(turn: Turn) -> dict[str, float]:
    """The server's own measures, but the wait as a whole as the caller's side measured it."""
    parts = dict(turn.info.latency_ms) if turn.info else {}
    if turn.voice_to_voice_ms is not None:
        parts["voice_to_voice"] = round(turn.voice_to_voice_ms, 1)
    return parts
