"""Any OpenAI-compatible chat endpoint as the writer's voice: always within a deadline, never alone.

The planner's strategy is told to it and its words are checked like anybody's, each sentence before
it is spoken (:mod:`voice_agent.think.unfinished`). Down, slow or garbage: the embedded writer
answers, and the endpoint is left alone for a while.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from codec.errors import SecoustiError
from voice_agent.think.incoming import Incoming
from voice_agent.think.settings import ThinkSettings

logger = logging.getLogger(__name__)

Message = dict[str, str]
MAX_TOKENS = {"reply": 90, "think": 350}


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
        answer = self._ask(messages, deadline_s, MAX_TOKENS["reply"])
        if answer is None:
            return None
        text = answer.text if answer.wait() else answer.sentences_in_time()
        if not text.strip():
            self._failed(answer)
        answer.stop()
        return text if text.strip() else None

    def write(self, messages: list[Message], deadline_s: float) -> Incoming | None:
        """An answer whose first sentence is there; None where none came within the deadline.

        Whoever takes it stops it when its rest is not wanted.
        """
        answer = self._ask(messages, deadline_s, MAX_TOKENS["reply"])
        if answer is None:
            return None
        if not answer.begun():
            self._failed(answer)
            return None
        return answer

    def fill(self, messages: list[Message], deadline_s: float) -> dict[str, Any] | None:
        """A JSON object, or None where it is late or is none."""
        answer = self._ask(messages, deadline_s, MAX_TOKENS["think"])
        if answer is None:
            return None
        if not answer.wait():
            self._failed(answer)
            return None
        start, end = answer.text.find("{"), answer.text.rfind("}")
        try:
            value = json.loads(answer.text[start : end + 1])
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def _ask(self, messages: list[Message], deadline_s: float, max_tokens: int) -> Incoming | None:
        if self._now() < self._rest_until:
            return None
        answer = Incoming(deadline_s)
        body = {
            "model": self._model,
            "messages": messages,
            "stream": True,
            "max_tokens": max_tokens,
            "temperature": 0.6,
        }
        self._pool.submit(self._receive, body, answer, deadline_s)
        return answer

    def _failed(self, answer: Incoming) -> None:
        """Nothing of ``answer`` can be used: the endpoint is left alone for a while."""
        fault = "an empty answer" if answer.whole else type(answer.fault or TimeoutError()).__name__
        answer.stop()
        logger.warning("the LLM endpoint gave no usable answer: %s", fault)
        self._rest_until = self._now() + self._rest_s

    def _receive(self, body: dict[str, Any], answer: Incoming, deadline_s: float) -> None:
        if answer.stopped:  # while it waited for a thread
            return
        try:
            with self._client.stream("POST", self._url, json=body, timeout=deadline_s) as came:
                came.raise_for_status()
                answer.carried_by(came.extensions["network_stream"].get_extra_info("socket"))
                if "text/event-stream" not in came.headers.get("content-type", ""):
                    came.read()
                    answer.end(came.json()["choices"][0]["message"]["content"])
                    return
                wanted = all(answer.feed(piece) for piece in _pieces(came.iter_lines()))
            answer.end(fault=None if wanted else ValueError("it went on for too long"))
        except Exception as fault:  # whatever it is, somebody waits to be told
            answer.end(fault=fault)


def _pieces(lines: Iterator[str]) -> Iterator[str]:
    """Text pieces of a server-sent event stream in OpenAI's chat format; "" where none came.

    Raises:
        ValueError: an event is not of that format, or the answer was too long and is cut.
    """
    for line in lines:
        data = line[5:].strip() if line.startswith("data:") else ""
        if data == "[DONE]":
            return
        choice = (json.loads(data).get("choices") or [{}])[0] if data else {}
        piece = (choice.get("delta") or {}).get("content")
        yield piece if isinstance(piece, str) else ""
        if choice.get("finish_reason") == "length":
            raise ValueError("the answer was cut where it became too long")
