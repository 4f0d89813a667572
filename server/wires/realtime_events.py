"""The messages of an OpenAI-Realtime-compatible server, in the released or the beta wording.

The released names are those of the SDK's types (``openai.types.realtime``); a client that asks for
the beta with ``OpenAI-Beta: realtime=v1`` gets the old names and the flat session object.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any

from server.wires.sound import PcmFormat

Fields = dict[str, Any]

PCM = PcmFormat("pcm16", 24_000)
PCMU = PcmFormat("mulaw", 8_000)
PCMA = PcmFormat("alaw", 8_000)
RELEASED_FORMATS = {"audio/pcm": PCM, "audio/pcmu": PCMU, "audio/pcma": PCMA}
BETA_FORMATS = {"pcm16": PCM, "g711_ulaw": PCMU, "g711_alaw": PCMA}
BETA_NAMES = {
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "conversation.item.added": "conversation.item.created",
}
NOT_IN_BETA = frozenset({"conversation.item.done"})
BETA_CONTENT = {"output_audio": "audio", "output_text": "text"}


@dataclass
class SessionState:
    """What a client has asked for. ``detection`` None: the client ends turns itself."""

    id: str
    model: str
    up: PcmFormat = PCM
    down: PcmFormat = PCM
    text_only: bool = False
    detection: Fields | None = None


class Wording:
    """Makes messages; every one has an id of its own."""

    def __init__(self, beta: bool) -> None:
        self.beta = beta
        self._ids = itertools.count(1)

    def message(self, kind: str, **fields: Any) -> list[str]:
        """One event as JSON text; nothing where this wording has no such event."""
        if self.beta and kind in NOT_IN_BETA:
            return []
        name = BETA_NAMES.get(kind, kind) if self.beta else kind
        event = {"type": name, "event_id": f"event_{next(self._ids)}", **fields}
        return [json.dumps(event, separators=(",", ":"))]

    def error(self, message: str, code: str, event_id: str | None, param: str | None) -> list[str]:
        """What was wrong with an event of the client; the session goes on."""
        fault = {
            "type": "invalid_request_error",
            "code": code,
            "message": message,
            "param": param,
            "event_id": event_id,
        }
        return self.message("error", error=fault)

    def session(self, kind: str, state: SessionState) -> list[str]:
        """``session.created`` or ``session.updated``: what is in force, whatever was asked."""
        fields = _beta_session(state) if self.beta else _session(state)
        return self.message(kind, session=fields)

    def content(self, kind: str, transcript: str) -> Fields:
        """What an assistant's item holds: ``output_audio`` with its words, or ``output_text``."""
        name = BETA_CONTENT[kind] if self.beta else kind
        words = "text" if kind == "output_text" else "transcript"
        return {"type": name, words: transcript}


def item(item_id: str, role: str, status: str, content: list[Fields]) -> Fields:
    """One message of the conversation."""
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "role": role,
        "status": status,
        "content": content,
    }


def format_name(form: PcmFormat, names: dict[str, PcmFormat]) -> str:
    """What the protocol calls a format."""
    return next(name for name, known in names.items() if known == form)


def _session(state: SessionState) -> Fields:
    return {
        "id": state.id,
        "object": "realtime.session",
        "type": "realtime",
        "model": state.model,
        "output_modalities": ["text"] if state.text_only else ["audio"],
        "instructions": "",
        "tools": [],
        "tool_choice": "none",
        "audio": {
            "input": {
                "format": _format(state.up),
                "transcription": {"model": "secousti"},
                "turn_detection": state.detection,
            },
            "output": {"format": _format(state.down), "voice": "secousti"},
        },
    }


def _format(form: PcmFormat) -> Fields:
    name = format_name(form, RELEASED_FORMATS)
    return {"type": name, "rate": form.rate_hz} if form == PCM else {"type": name}


def _beta_session(state: SessionState) -> Fields:
    return {
        "id": state.id,
        "object": "realtime.session",
        "model": state.model,
        "modalities": ["text"] if state.text_only else ["text", "audio"],
        "instructions": "",
        "voice": "secousti",
        "input_audio_format": format_name(state.up, BETA_FORMATS),
        "output_audio_format": format_name(state.down, BETA_FORMATS),
        "input_audio_transcription": {"model": "secousti"},
        "turn_detection": state.detection,
        "tools": [],
        "tool_choice": "none",
    }
