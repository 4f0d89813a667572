"""The agent by text: one caller turn a line in, one reply a line out.

For people without a microphone, and for tests: the same mind that answers a call.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from typing import TextIO

from voice_agent.contracts import Reply, ThinkingRecord, UserTurn, to_json
from voice_agent.think import Conversation, Mind, ThinkSettings
from voice_agent.think.persona import Persona


def run_chat(
    lines: Iterable[str],
    out: TextIO,
    as_json: bool,
    *,
    mind: Mind | None = None,
    locale: str = "US",
    seed: int = 0,
    persona: Persona | None = None,
) -> int:
    """Answer each line of ``lines`` on ``out``; returns the exit status (0).

    The first reply begins with the disclosure that this is an AI. With ``as_json`` each reply is
    one line ``{"said", "stage", "strategy", "risk", "thinking"}``; otherwise it is written for
    people. An empty line is a silence. Ends with the lines, or after a goodbye. ``persona``
    is whose style is spoken; None: the house voice.

    Raises:
        SecoustiError: there are no crisis resources for ``locale``, or the endpoint setting is bad.
    """
    mind = mind or Mind.load(ThinkSettings.from_env(os.environ))
    talk = Conversation(mind, clock=time.monotonic, locale=locale, seed=seed, persona=persona)
    for line in lines:
        reply = talk.respond(UserTurn(line.strip()))
        show = _as_json if as_json else _as_text
        out.write(show(reply, talk.last_thinking) + "\n")
        out.flush()
        if reply.end_call:
            break
    return 0


def _as_json(reply: Reply, thinking: ThinkingRecord) -> str:
    row = {
        "said": reply.text,
        "stage": reply.stage,
        "strategy": reply.strategy,
        "risk": reply.risk.level,
        "thinking": to_json(thinking),
    }
    return json.dumps(row, ensure_ascii=False)


def _as_text(reply: Reply, _: ThinkingRecord) -> str:
    risk = f", risk {reply.risk.level}" if reply.risk.level.rank else ""
    why = f" ({reply.stage}, {reply.strategy}{risk})"
    return f"Secousti: {reply.text}{why}"
