"""What a server's metrics say between two looks at them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from secousti.bench.scrape import Scrape

EDGES = (0.01, 0.02, 0.05, 0.1, 0.2)


def scraped(registry):
    return Scrape.of(generate_latest(registry).decode())


@given(st.lists(st.floats(0, 0.2), min_size=1), st.floats(0.01, 0.99))
def test_a_quantile_is_within_the_bucket_of_the_true_one(values, q):
    registry = CollectorRegistry()
    histogram = Histogram("delay", "Of frames", registry=registry, buckets=EDGES)
    for value in values:
        histogram.observe(value)
    found = scraped(registry).quantile("delay", q)
    true = sorted(values)[max(0, -(-round(q * len(values) * 1e9) // 10**9) - 1)]
    edge = next(edge for edge in EDGES if true <= edge)
    below = max((low for low in (0.0, *EDGES) if low < edge), default=0.0)
    assert below - 1e-9 <= found <= edge + 1e-9


def test_what_lies_beyond_the_edges_counts_as_the_last_of_them():
    registry = CollectorRegistry()
    Histogram("delay", "Of frames", registry=registry, buckets=EDGES).observe(9)
    assert scraped(registry).quantile("delay", 0.5) == 0.2
    assert scraped(registry).quantile("other", 0.5) is None


def test_only_what_came_since_is_counted_and_labels_are_summed():
    registry = CollectorRegistry()
    calls = Counter("calls", "Calls", ["wire", "tenant"], registry=registry)
    calls.labels("native", "a").inc(3)
    before = scraped(registry)
    calls.labels("native", "a").inc()
    calls.labels("twilio", "a").inc(2)
    since = scraped(registry).since(before)
    assert since.value("calls_total") == pytest.approx(3)
    assert since.value("calls_total", wire="native") == pytest.approx(1)
    assert since.value("calls_total", wire="telnyx") == 0.0
