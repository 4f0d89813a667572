"""The web page at ``/``: its files, what it must know of this server, and the codec it can run.

Every file has a fixed address that is looked up in a table, so that there is no path to climb.
A large file is fetched in ranges: the websocket library gives each answer a few seconds, and a slow
line gets as many answers as it needs.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache, cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any

from websockets.http11 import Request, Response

from codec.rates import RATES
from server.auth import offered_token
from server.http import JSON, path_of, plain, response
from server.settings import ServerSettings
from server.tenants import Tenants
from voice_agent.think.locale import Locale
from voice_agent.think.tables import table, table_names

log = logging.getLogger(__name__)

WEB = Path(__file__).parent / "web"
PREFIX = "/page/"
FACTS = f"{PREFIX}facts.json"
RUNTIME = "vendor/onnxruntime-web/ort-wasm-simd-threaded.wasm.gz"
CODEC = re.compile(rf"{PREFIX}codec/(\w+)/([\w.]+)")
RANGE = re.compile(r"bytes=(\d{1,12})-(\d{1,12})")
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": JSON,
    ".svg": "image/svg+xml",
    ".gz": "application/gzip",
    ".onnx": "application/octet-stream",
}
# Nothing from elsewhere, nothing inline; the codec is WebAssembly, which needs a word of its own.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        *(f"{kind}-src 'self'" for kind in ("style", "img", "connect", "worker")),
        *(f"{kind} 'none'" for kind in ("base-uri", "form-action", "frame-ancestors")),
    )
)
GUARDS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",  # kept, and asked for again by its ETag: 304 while it is the same
}

Exports = Callable[[str], Mapping[str, bytes]]


@dataclass(frozen=True)
class File:
    """What one address answers."""

    body: bytes
    type: str

    @classmethod
    def named(cls, name: str, body: bytes) -> File:
        return cls(body, TYPES[Path(name).suffix])

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def answer(self, request: Request) -> Response:
        """The whole, the range that was asked for, or word that nothing has changed."""
        etag = f'"{self.sha256}"'
        headers = {**GUARDS, "ETag": etag, "Accept-Ranges": "bytes"}
        if request.headers.get("If-None-Match") == etag:
            return response(HTTPStatus.NOT_MODIFIED, b"", self.type, headers)
        if (wanted := request.headers.get("Range")) is None:
            return response(HTTPStatus.OK, self.body, self.type, headers)
        found, size = RANGE.fullmatch(wanted), len(self.body)
        first, last = map(int, found.groups()) if found else (size, size)
        if not first <= last or first >= size:
            headers["Content-Range"] = f"bytes */{size}"
            return response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"", self.type, headers)
        piece = self.body[first : last + 1]
        headers["Content-Range"] = f"bytes {first}-{first + len(piece) - 1}/{size}"
        return response(HTTPStatus.PARTIAL_CONTENT, piece, self.type, headers)


class Page:
    """The page of one server. ``exports`` gives the codec of a rate as files (it may block)."""

    def __init__(
        self, settings: ServerSettings, tenants: Tenants, exports: Exports | None, pool: Executor
    ) -> None:
        self._settings, self._tenants = settings, tenants
        self._exports, self._pool = exports, pool
        self._codecs: dict[str, asyncio.Future[Mapping[str, File]]] = {}
        self._files = {**static_files(), FACTS: File.named(FACTS, self._facts())}

    async def answer(self, request: Request) -> Response | None:
        """The answer to a request for the page or a part of it; None: that is none of its paths."""
        path = path_of(request)
        if "call" not in self._settings.wires or not (path == "/" or path.startswith(PREFIX)):
            return None
        if (file := self._files.get(path)) is not None:
            return file.answer(request)
        if (codec := CODEC.fullmatch(path)) is not None:
            return await self._codec_file(request, *codec.groups())
        return refused(HTTPStatus.NOT_FOUND, "the page has no such part")

    async def _codec_file(self, request: Request, rate: str, name: str) -> Response:
        """Own weights may be private, so they are given to those who may call."""
        offered = offered_token(request.headers.get("Authorization"), ())
        if self._tenants.whose(offered) is None:
            return refused(HTTPStatus.UNAUTHORIZED, "send the server's token")
        if self._exports is None or rate not in RATES:
            return refused(HTTPStatus.NOT_FOUND, "this server gives no codec away")
        try:
            files = await self._exported(rate)
        except Exception:
            log.exception("the codec could not be exported for the page")
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, "the codec cannot be had now")
        if name not in files:
            return refused(HTTPStatus.NOT_FOUND, "the codec has no such file")
        return files[name].answer(request)

    async def _exported(self, rate: str) -> Mapping[str, File]:
        """The codec's files, made when they are first asked for."""
        if rate not in self._codecs:
            work = asyncio.get_running_loop().run_in_executor(self._pool, self._export, rate)
            self._codecs[rate] = work
        return await asyncio.shield(self._codecs[rate])

    def _export(self, rate: str) -> Mapping[str, File]:
        """Also hashed here: tens of megabytes would hold up every call of the event loop."""
        assert self._exports is not None
        files = {name: File.named(name, body) for name, body in self._exports(rate).items()}
        for file in files.values():
            _ = file.sha256
        return files

    def _facts(self) -> bytes:
        runtime = static_files()[PREFIX + RUNTIME]
        facts = {
            "token": self._tenants.ask,
            "codec": self._exports is not None,
            "rates": {name: rate.nominal_bps for name, rate in RATES.items()},
            "runtime": {
                "file": RUNTIME,
                "bytes": len(runtime.body),
                "sha256": runtime.sha256,
            },
            "locale": self._settings.locale,
            "places": places(),
        }
        return json.dumps(facts).encode()


@cache
def static_files() -> Mapping[str, File]:
    """Every file of the page by its address, read once."""
    files = {
        PREFIX + path.relative_to(WEB).as_posix(): File.named(path.name, path.read_bytes())
        for path in WEB.rglob("*")
        if path.suffix in TYPES
    }
    return {**files, "/": files[f"{PREFIX}index.html"]}


@cache
def places() -> list[dict[str, Any]]:
    """Where there are crisis lines that the agent knows: what to call there, in digits."""
    known = [Locale.load(code) for code in table_names("locales")]
    return [
        {
            "code": place.code,
            "name": table(f"locales/{place.code}")["name"],
            "emergency": place.emergency,
            "line": place.line_number,
        }
        for place in known
    ]


def refused(status: HTTPStatus, why: str) -> Response:
    """A part of the page that is not given, in words."""
    return plain(status, why, GUARDS)
