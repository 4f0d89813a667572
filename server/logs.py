"""What the process writes about itself: one JSON object a line, or plain text for a person.

Private by default: what a caller said is in no line, and neither is the message of an exception,
which may quote it. Its kind and its way through the code are. :data:`CALL` names the call that a
line belongs to, in every task of that call.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

CALL: ContextVar[str] = ContextVar("call", default="")
FRAMES_KEPT = 12  # of a traceback, the innermost
CHATTY = ("httpx", "websockets")  # a line for every request, also a monitor's
FIELDS = "fields"  # logging's own ``extra`` of this name has further fields of a line

Form = Literal["text", "json"]


def start_logging(form: Form, words: bool, level: int = logging.INFO) -> None:
    """Writes the log to standard error, where nobody has set it up before; ``words`` lets
    exceptions' messages out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(words) if form == "json" else PlainLines(words))
    logging.basicConfig(level=level, handlers=[handler])
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)


class JsonLines(logging.Formatter):
    """``{"time", "level", "logger", "message"}`` and, where there are any, ``call``, further
    fields, and ``error``: ``{"kind", "at"}`` with the innermost frames, the message with words."""

    def __init__(self, words: bool = False) -> None:
        super().__init__()
        self._words = words

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if call := CALL.get():
            line["call"] = call
        line |= getattr(record, FIELDS, {})
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = described(record.exc_info[1], self._words)
        return json.dumps(line, ensure_ascii=False, default=str)


class PlainLines(logging.Formatter):
    """The same for a person: time, message and fields; an error in one more line."""

    def __init__(self, words: bool = False) -> None:
        super().__init__("%(asctime)s %(message)s")
        self._words = words

    def format(self, record: logging.LogRecord) -> str:
        text = f"{self.formatTime(record)} {record.getMessage()}"
        fields: dict[str, Any] = getattr(record, FIELDS, {})
        text += "".join(f" {name}={value}" for name, value in fields.items())
        if record.exc_info and record.exc_info[1] is not None:
            error = described(record.exc_info[1], self._words)
            text += f"\n  {error['kind']} {error.get('message', '')} at {' < '.join(error['at'])}"
        return text


def described(error: BaseException, words: bool) -> dict[str, Any]:
    """What a line says of an exception: its kind, where it was, and with ``words`` its message."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_KEPT:]
    at = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames)]
    said = {"message": str(error)} if words else {}
    return {"kind": type(error).__name__, **said, "at": at}
