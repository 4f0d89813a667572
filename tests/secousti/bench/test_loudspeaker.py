"""When a far end hears the agent, and when no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secousti.bench.loudspeaker import PAUSE_S, Loudspeaker


def test_what_is_queued_is_heard_until_it_is_dropped():
    speaker = Loudspeaker()
    for piece in range(10):
        speaker.take(1.0 + 0.001 * piece, 0.1)
    assert speaker.busy_until == pytest.approx(2.0)
    speaker.empty(1.5)
    assert speaker.replies[0].until == 1.5
    assert speaker.silent_for(1.6) == pytest.approx(0.1)
    speaker.take(1.7, 0.1)
    assert len(speaker.replies) == 2


def test_a_long_silence_is_between_two_replies_and_a_short_one_within_one():
    speaker = Loudspeaker()
    speaker.take(0.0, 0.02)
    speaker.take(0.02 + PAUSE_S * 0.9, 0.02)
    assert len(speaker.replies) == 1
    speaker.take(0.04 + PAUSE_S * 2, 0.02)
    assert len(speaker.replies) == 2


@given(st.integers(3, 200), st.floats(0, 0.5))
def test_a_reply_that_is_paced_has_no_drift_and_one_that_is_late_has_it(count, late):
    speaker, lead_s = Loudspeaker(), 0.04
    for piece in range(count):
        at = max(0.0, 0.02 * (piece + 1) - lead_s)
        speaker.take(at + (late if piece == count - 1 else 0.0), 0.02)
    [reply] = speaker.replies
    assert reply.drift(lead_s) == pytest.approx(late if count > 3 else 0.0)
    assert max(reply.gaps()) == pytest.approx(0.02 + late if count > 3 else late + 0.02, abs=0.021)
    assert speaker.first_after(-1.0) == reply.pieces[0][0]
    assert speaker.first_after(reply.last_came) is None
