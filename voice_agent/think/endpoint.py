"""Any OpenAI-compatible chat endpoint as the writer's voice: always within a deadline, never alone.

The planner's strategy is told to it and its words are checked like anybody's. Down, slow or
garbage: the embedded writer answers, and the endpoint is left alone for a while.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, field
from typing import Any

import httpx

from codec.errors import SecoustiError
from voice_agent.think.mi import sentences
from voice_agent.think.settings import ThinkSettings

logger = logging.getLogger(__name__)

Message = dict[str, str]
MAX_CHARS = 4000  # of an answer; a runaway generator is cut there
MAX_TOKENS = {"reply": 90, "think": 350}


@dataclass
class _Stream:
    """Text received so far; read by the waiting thread when time is up."""

    pieces: list[str] = field(default_factory=list)
    stop: bool = False

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class Endpoint:
    """One endpoint, shared by all calls (thread-safe)."""

    def __init__(
        self,
        url: str,
        model: str,
        key: str,
        *,
        rest_s: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url.rstrip("/")
        if not self._url.endswith("/chat/completions"):
            self._url += "/chat/completions"
        self._model = model
        self._rest_s = rest_s
        self._now = now
        self._rest_until = float("-inf")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(headers=headers, follow_redirects=False)
        self._pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="llm")

    @classmethod
    def from_settings(cls, settings: ThinkSettings) -> Endpoint | None:
        """The endpoint the settings name, or None.

        Raises:
            SecoustiError: the URL is not an http(s) URL.
        """
        if not settings.llm_url:
            return None
        if not settings.llm_url.startswith(("http://", "https://")):
            raise SecoustiError(
                f"SECOUSTI_LLM_URL is '{settings.llm_url}'; expected an http(s) URL of an "
                "OpenAI-compatible API such as http://127.0.0.1:8000/v1."
            )
        return cls(
            settings.llm_url, settings.llm_model, settings.llm_key, rest_s=settings.llm_rest_s
        )

    def say(self, messages: list[Message], deadline_s: float) -> str | None:
        """Reply text, or None. Past the deadline, whole sentences that came in time still count."""
        text = self._ask(messages, deadline_s, MAX_TOKENS["reply"], whole=False)
        return text if text and text.strip() else None

    def fill(self, messages: list[Message], deadline_s: float) -> dict[str, Any] | None:
        """A JSON object, or None where it is late or is none."""
        text = self._ask(messages, deadline_s, MAX_TOKENS["think"], whole=True)
        if text is None:
            return None
        start, end = text.find("{"), text.rfind("}")
        try:
            value = json.loads(text[start : end + 1])
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def _ask(
        self, messages: list[Message], deadline_s: float, max_tokens: int, *, whole: bool
    ) -> str | None:
        if self._now() < self._rest_until:
            return None
        stream = _Stream()
        body = {
            "model": self._model,
            "messages": messages,
            "stream": True,
            "max_tokens": max_tokens,
            "temperature": 0.6,
        }
        job = self._pool.submit(self._receive, body, stream, deadline_s)
        try:
            job.result(timeout=deadline_s)
            return stream.text
        except (TooLate, httpx.HTTPError, ValueError, KeyError, TypeError, IndexError) as fault:
            stream.stop = True
            in_time = "" if whole else _whole_sentences(stream.text)
            if in_time:
                return in_time
            logger.warning("the LLM endpoint gave no usable answer: %s", type(fault).__name__)
            self._rest_until = self._now() + self._rest_s
            return None

    def _receive(self, body: dict[str, Any], stream: _Stream, deadline_s: float) -> None:
        with self._client.stream("POST", self._url, json=body, timeout=deadline_s) as answer:
            answer.raise_for_status()
            if "text/event-stream" not in answer.headers.get("content-type", ""):
                answer.read()
                stream.pieces.append(answer.json()["choices"][0]["message"]["content"][:MAX_CHARS])
                return
            for piece in _pieces(answer.iter_lines()):
                stream.pieces.append(piece)
                if stream.stop or len(stream.text) > MAX_CHARS:
                    return


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    """Text pieces of a server-sent event stream in OpenAI's chat format."""
    for line in lines:
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            return
        choices = json.loads(data).get("choices") or [{}]
        piece = choices[0].get("delta", {}).get("content")
        if isinstance(piece, str):
            yield piece


def _whole_sentences(text: str) -> str:
    """The finished sentences of a text that was cut off."""
    done = [s for s in sentences(text) if s.endswith((".", "!", "?"))]
    return " ".join(done)
