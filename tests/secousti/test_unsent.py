"""What a caller said last is sent exactly once more, or not at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from secousti.unsent import KEPT_S, Unsent


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=12),
    st.integers(160, 16_000),
)
def test_over_any_breaks_the_server_gets_the_stream_once_and_in_order(phases, samples):
    """Each phase: so many messages are sent, of which so many at the end are lost in the break."""
    unsent, said, got = Unsent(), [], []
    for sent, lost in phases:
        for _ in range(sent):
            message = len(said).to_bytes(2, "big")
            said.append(message)
            unsent.add(message, samples)
            got.append(message)
        del got[max(0, len(got) - lost) :]
        again = unsent.after(len(got))
        if again is None:
            forgotten = (len(said) - len(got)) * samples > KEPT_S * 16_000 - samples
            assert forgotten
            return
        got += again
        assert got == said


def test_what_is_kept_is_bounded():
    unsent = Unsent()
    for _ in range(10_000):
        unsent.add(b"x", 640)
    assert len(unsent.after(10_000 - 150)) == 150
    assert unsent.after(9_000) is None


def test_a_server_that_has_more_than_was_sent_is_not_believed():
    unsent = Unsent()
    unsent.add(b"x", 640)
    assert unsent.after(2) is None
    assert unsent.after(1) == []


def test_a_new_stream_counts_on_from_what_has_come():
    unsent = Unsent()
    unsent.add(b"x", 640)
    unsent.restart(7)
    unsent.add("rate", 0)
    assert unsent.after(7) == ["rate"]
    assert unsent.after(8) == []
