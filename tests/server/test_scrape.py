"""Who may read the metrics."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families
from websockets.datastructures import Headers
from websockets.http11 import Request

from server.scrape import Scrape

REGISTRY = CollectorRegistry()
Counter("seen", "Things seen", registry=REGISTRY).inc(3)


def asked(token=None, bound_to="127.0.0.1", path="/metrics", **headers):
    names = {"Host": "127.0.0.1:8765"}
    names |= {name.replace("_", "-"): value for name, value in headers.items()}

    async def ask():
        with ThreadPoolExecutor(1) as pool:
            page = Scrape(REGISTRY, token, bound_to, pool)
            return await page.answer(Request(path, Headers(names)))

    return asyncio.run(ask())


def test_programs_of_this_machine_read_them():
    answer = asked()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    [seen] = [f for f in text_string_to_metric_families(answer.body.decode()) if f.name == "seen"]
    assert seen.samples[0].value == 3
    assert asked(path="/metric") is None


def test_openmetrics_is_given_to_who_asks_for_it():
    answer = asked(Accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")


@pytest.mark.parametrize(
    ("token", "bound_to", "headers", "status"),
    [
        (None, "0.0.0.0", {}, 403),
        (None, "127.0.0.1", {"X_Forwarded_For": "198.51.100.1"}, 403),
        (None, "127.0.0.1", {"Via": "1.1 proxy"}, 403),
        (None, "127.0.0.1", {"Host": "evil.example:8765"}, 403),
        (None, "127.0.0.1", {"Host": "["}, 403),
        (None, "127.0.0.1", {"Host": "localhost:8765"}, 200),
        (None, "::1", {"Host": "[::1]:8765"}, 200),
        ("count-me", "127.0.0.1", {}, 401),
        ("count-me", "0.0.0.0", {"Authorization": "Bearer let-me-in"}, 401),
        ("count-me", "0.0.0.0", {"Authorization": "Bearer count-me"}, 200),
        ("count-me", "0.0.0.0", {"Authorization": "Basic Ojpjb3VudC1tZQ=="}, 401),
    ],
)
def test_others_need_the_token(token, bound_to, headers, status):
    assert asked(token, bound_to, **headers).status_code == status
