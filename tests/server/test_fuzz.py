"""Whatever a caller sends, in whatever order, its session ends with a code of the table."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from codec.rates import HIGH
from server.wires import native
from server.wires.closing import MEANING
from tests.server.fakes import FakeEncoder
from tests.server.virtual import virtually


def packets(count):
    encoder = FakeEncoder(HIGH, 1)
    return b"".join(encoder._packet(0.3, 0) for _ in range(count))


messages = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40),
    st.binary(min_size=1000, max_size=1100),
    st.just("x" * 5000),
    st.builds(packets, st.integers(1, 30)),
    st.builds(
        lambda generation, samples: native.encode(
            native.Played(generation=generation, samples=samples)
        ),
        st.integers(1, 2**31),
        st.integers(0, 2**40),
    ),
    st.sampled_from(
        [
            '{"type": "hello"}',
            '{"type": "bye"}',
            '{"type": "played", "generation": 1, "samples": 1e99}',
            '{"type": "begin", "generation": 1}',
            '{"type": null}',
            "[" * 3000,
        ]
    ),
)


@settings(max_examples=200)
@given(st.lists(st.tuples(messages, st.floats(0, 0.5)), max_size=12))
def test_any_messages_in_any_order_end_in_a_known_way(sent):
    async def caller(line, session):
        for message, pause in sent:
            line._up.put_nowait(message)
            await asyncio.sleep(pause)

    assert virtually(caller).code in MEANING
