"""The far end of an LLM endpoint, on a real local socket: what it says is the test's business."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DONE = b"data: [DONE]\n\n"


class Handler(BaseHTTPRequestHandler):
    """Passes each request body to the test's ``reply``."""

    reply: Reply
    seen: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.seen.append({"path": self.path, "auth": self.headers.get("authorization"), **body})
        type(self).reply(self, body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep test output quiet."""

    def start(self, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.end_headers()

    def event(self, text: str, **choice: Any) -> None:
        chunk = json.dumps({"choices": [{"delta": {"content": text}, **choice}]})
        self.wfile.write(f"data: {chunk}\n\n".encode())
        self.wfile.flush()

    def hung_up_on(self) -> None:
        """Waits until nobody reads any more."""
        self.rfile.read(1)


Reply = Callable[[Handler, dict[str, Any]], None]


def wants_notes(body: dict[str, Any]) -> bool:
    """Whether private notes are asked for, not a reply."""
    return "JSON object" in body["messages"][0]["content"]


def whole(text: str) -> Reply:
    """Answers with JSON, without streaming."""

    def reply(handler: Handler, body: dict[str, Any]) -> None:
        handler.start("application/json")
        answer = {"choices": [{"message": {"content": text}}]}
        handler.wfile.write(json.dumps(answer).encode())

    return reply


def writing(*steps: str | bytes | threading.Event | Callable[[Handler], None]) -> Reply:
    """Streams ``steps``: text, raw bytes, an event to wait for, something to do. No notes."""

    def reply(handler: Handler, body: dict[str, Any]) -> None:
        if wants_notes(body):
            return whole("{}")(handler, body)
        handler.start("text/event-stream")
        with contextlib.suppress(ConnectionError):
            for step in steps:
                match step:
                    case str():
                        handler.event(step)
                    case bytes():
                        handler.wfile.write(step)
                    case threading.Event():
                        assert step.wait(30.0)
                    case _:
                        step(handler)

    return reply


@contextlib.contextmanager
def far_end(reply: Reply) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The URL of an endpoint that answers with ``reply``, and the requests that it got."""
    seen: list[dict[str, Any]] = []
    handler = type("H", (Handler,), {"reply": staticmethod(reply), "seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
