"""JSON messages of wires that others have defined: read what we need, say what is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from server.wires.closing import CloseCode, ProtocolError
from server.wires.events import Message


def json_object(message: Message) -> dict[str, Any]:
    """A text message as a JSON object; raises :class:`ProtocolError` for anything else."""
    if isinstance(message, bytes):
        raise ProtocolError(CloseCode.UNSUPPORTED, "a binary message: this wire is JSON text")
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ProtocolError(CloseCode.BAD_PAYLOAD, "text that is not a JSON object")
    return value


def text_at(fields: Mapping[str, Any], *path: str) -> str:
    """The text at ``path``; raises :class:`ProtocolError` where there is none."""
    value: Any = fields
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise ProtocolError(CloseCode.BAD_PAYLOAD, f"field {'.'.join(path)} must be text")
    return value
