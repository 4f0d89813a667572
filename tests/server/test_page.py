"""The page's files and facts over HTTP: what is served, to whom, and nothing else."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import hashlib
import json
import re

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.http11 import Request

from server.page import GUARDS, RUNTIME, WEB, Page, static_files
from server.settings import ServerSettings
from server.tenants import Tenants
from tests.server.sockets import QUICK, with_server

MODEL = bytes(range(256)) * 40


def exports(rate):
    return {"codec.json": b"{}", "decoder.onnx": MODEL if rate == "high" else MODEL[::-1]}


def fetched(path, settings=QUICK, headers=None, **parts):
    """The answer of a real server to one GET."""

    async def work(server):
        async with httpx.AsyncClient() as web:
            return await web.get(f"http://127.0.0.1:{server.port}{path}", headers=headers)

    return with_server(work, settings, **parts)


def answered(path, settings=QUICK, **headers):
    """The same without a socket; None where the path is not the page's."""

    async def work():
        page = Page(settings, Tenants(settings.token, settings.tokens), exports, None)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return await page.answer(Request(path, Headers(names)))

    return asyncio.run(work())


def test_the_page_and_every_part_it_names_are_served():
    page = fetched("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert "page/main.js" in named
    for path in named:
        assert answered(f"/{path}").status_code == 200, path


def test_every_module_finds_what_it_imports():
    for path in WEB.glob("*.js"):
        text = path.read_text()
        for name in re.findall(r'(?:from|import) "(\./[^"]+)"', text):
            assert (path.parent / name).is_file(), (path.name, name)


def test_nothing_is_fetched_from_elsewhere_or_written_inline():
    html = (WEB / "index.html").read_text()
    assert not re.search(r"<style|style=|<script(?! type=\"module\" src)|\son\w+=", html)
    for path in [*WEB.glob("*.js"), *WEB.glob("*.css"), WEB / "index.html"]:
        assert not re.search(r"(?<!xmlns=\")https?://", path.read_text()), path.name


@pytest.mark.parametrize("path", ["/", "/page/main.js", "/page/facts.json", "/page/nothing"])
def test_every_answer_is_guarded(path):
    headers = answered(path).headers
    for name, value in GUARDS.items():
        assert headers[name] == value
    assert "'unsafe-inline'" not in headers["Content-Security-Policy"]
    assert "'unsafe-eval'" not in headers["Content-Security-Policy"].replace("wasm-unsafe-eval", "")


@pytest.mark.parametrize(
    "path",
    [
        "/page/../app.py",
        "/page/%2e%2e/app.py",
        "/page//etc/passwd",
        "/page/..%2fapp.py",
        "/page/codec/high/../../../../app.py",
        "/page/codec/high/..",
        "/page/",
        "/page/vendor",
    ],
)
def test_there_is_no_path_to_climb(path):
    assert answered(path).status_code == 404


@given(st.text(min_size=1, max_size=30))
def test_only_known_addresses_have_files(name):
    answer = answered(f"/page/{name}")
    known = f"/page/{name}".partition("?")[0] in {*static_files(), "/page/facts.json"}
    assert (answer.status_code == 200) == known


def test_other_paths_are_left_to_the_doors():
    assert answered("/call") is None
    assert answered("/pages") is None
    assert fetched("/elsewhere").status_code == 404


def test_the_page_goes_with_the_wire_it_speaks():
    phones = dataclasses.replace(QUICK, wires=("twilio",))
    assert answered("/", phones) is None
    assert fetched("/", phones).status_code == 404


def test_a_file_that_is_known_is_not_sent_again():
    etag = answered("/page/style.css").headers["ETag"]
    again = answered("/page/style.css", If_None_Match=etag)
    assert (again.status_code, again.body) == (304, b"")
    assert answered("/page/style.css", If_None_Match='"old"').status_code == 200


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        ("bytes=0-0", 206, MODEL[:1]),
        ("bytes=100-199", 206, MODEL[100:200]),
        ("bytes=10000-99999", 206, MODEL[10_000:]),
        ("bytes=10240-10241", 416, b""),
        ("bytes=9-3", 416, b""),
        ("bytes=-5", 416, b""),
        ("bytes=0-1,4-5", 416, b""),
        ("lines=0-1", 416, b""),
    ],
)
def test_large_files_come_in_ranges(wanted, status, body):
    headers = {"Range": wanted}
    answer = fetched("/page/codec/high/decoder.onnx", headers=headers, exports=exports)
    assert (answer.status_code, answer.content) == (status, body)
    if status == 206:
        first, last, size = re.fullmatch(
            r"bytes (\d+)-(\d+)/(\d+)", answer.headers["content-range"]
        ).groups()
        assert MODEL[int(first) : int(last) + 1] == body
        assert int(size) == len(MODEL)


def test_the_codec_is_exported_once_for_each_rate():
    made = []

    def counted(rate):
        made.append(rate)
        return exports(rate)

    async def work(server):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as web:
            paths = [f"/page/codec/{rate}/decoder.onnx" for rate in ("high", "low", "high", "high")]
            answers = await asyncio.gather(*(web.get(path) for path in paths))
            assert [a.content for a in answers] == [MODEL, MODEL[::-1], MODEL, MODEL]
            assert (await web.get("/page/codec/middle/decoder.onnx")).status_code == 404
            assert (await web.get("/page/codec/high/secret.onnx")).status_code == 404

    with_server(work, exports=counted)
    assert sorted(made) == ["high", "low"]


def test_a_codec_that_cannot_be_exported_is_no_reason_to_fail():
    def broken(rate):
        raise RuntimeError("no onnx here")

    assert fetched("/page/codec/high/codec.json", exports=broken).status_code == 503
    assert fetched("/page/codec/high/codec.json").status_code == 404


def test_weights_are_given_to_those_who_may_call():
    locked = dataclasses.replace(QUICK, token="let-me-in")
    path = "/page/codec/high/decoder.onnx"
    assert fetched("/", locked, exports=exports).status_code == 200
    assert fetched(path, locked, exports=exports).status_code == 401
    headers = {"Authorization": "Bearer let-me-in"}
    assert fetched(path, locked, headers, exports=exports).content == MODEL


def test_the_facts_name_what_a_caller_may_need():
    locked = ServerSettings(token="let-me-in", locale="IE")
    body = answered("/page/facts.json", locked).body
    assert b"let-me-in" not in body
    facts = json.loads(body)
    assert (facts["token"], facts["locale"]) == (True, "IE")
    facts = fetched("/page/facts.json").json()
    assert facts["token"] is False
    assert facts["codec"] is False
    assert facts["rates"] == {"low": 262.5, "high": 1012.5}
    numbers = {place["code"]: (place["emergency"], place["line"]) for place in facts["places"]}
    assert numbers["US"] == ("911", "988")
    assert numbers["UK"] == ("999", "116 123")


def test_the_vendored_runtime_is_the_one_that_the_notices_name():
    notices = (WEB.parents[1] / "THIRD_PARTY_NOTICES.md").read_text()
    packed = (WEB / RUNTIME).read_bytes()
    for content in (
        gzip.decompress(packed),
        (WEB / "vendor/onnxruntime-web/ort.wasm.bundle.min.mjs").read_bytes(),
    ):
        assert hashlib.sha256(content).hexdigest() in notices


def luminance(colour):
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("text", "ground"),
        ("text", "surface"),
        ("text", "caller-ground"),
        ("text", "alarm-ground"),
        ("soft", "ground"),
        ("soft", "surface"),
        ("soft", "caller-ground"),
        ("alarm", "alarm-ground"),
        ("alarm", "ground"),
        ("ground", "alarm"),
        ("on-accent", "accent"),
        ("accent", "surface"),
    ],
)
def test_words_stand_out_from_their_ground(theme, text, ground):
    css = (WEB / "style.css").read_text()
    themes = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", themes[theme]))
    light, dark = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.2, 1.4.3
