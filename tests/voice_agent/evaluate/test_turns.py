"""Scenes lie where they say, and what ears make of them is counted right."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest

from codec.errors import SecoustiError
from voice_agent.contracts import UserTurn
from voice_agent.evaluate.turns.cli import ears_measured
from voice_agent.evaluate.turns.compose import clauses, read_scenes, remarks, spoken_scenes
from voice_agent.evaluate.turns.measure import RemarkResult, hear, hear_remark
from voice_agent.evaluate.turns.report import remark_summary, summary, table
from voice_agent.evaluate.turns.scenes import Pcm, Scene, TurnClips, alone, lay_out
from voice_agent.listen.events import ListenEvent, SpeechDismissed, TurnEnded
from voice_agent.listen.settings import ListenSettings

RATE_HZ = 16_000
CLIP = np.full(8_000, 0.3, np.float32)


@dataclass
class SilenceEars:
    """End a turn after so much silence, whatever is said."""

    silence_ms: int
    dismisses: bool = False
    agent_speaking: bool = False
    quiet: int = 0
    spoke: bool = False

    def push(self, pcm: Pcm) -> list[ListenEvent]:
        if np.abs(pcm).max() > 0.1:
            self.quiet, self.spoke = 0, True
            return []
        self.quiet += len(pcm)
        if not self.spoke or self.quiet * 1000 / RATE_HZ < self.silence_ms:
            return []
        self.spoke = False
        if self.dismisses:
            return [SpeechDismissed(0.0, "mhm")]
        return [TurnEnded(UserTurn(text="one two"), float(self.silence_ms), 0.0)]


def scene(*pieces: int, pace_ms: float = 900.0) -> Scene:
    """Turns of so many clips each."""
    turns = [TurnClips((CLIP,) * count, "one two") for count in pieces]
    return lay_out("somebody", "told", turns, pace_ms, random.Random(1))


def test_turns_and_pauses_lie_where_the_scene_says() -> None:
    laid = scene(1, 3)
    first, second = laid.turns
    assert (len(first.pauses), len(second.pauses)) == (0, 2)
    for start_s, end_s in second.pauses:
        pause = laid.wav[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
        assert np.abs(pause).max() < 0.01
        assert laid.wav[round(start_s * RATE_HZ) - 1] > 0.2 < laid.wav[round(end_s * RATE_HZ) + 1]
    assert laid.wav[round(second.end_s * RATE_HZ) - 1] > 0.2


def test_patient_ears_end_every_turn_once_and_late() -> None:
    results = hear(SilenceEars(3_000), scene(1, 3))
    assert [result.early for result in results] == [0, 0]
    assert [result.delay_ms for result in results] == pytest.approx([3_000, 3_000], abs=80)


def test_hasty_ears_cut_in_at_pauses() -> None:
    calm, paused = hear(SilenceEars(300), scene(1, 3))
    assert (calm.early, calm.cut_in, paused.cut_in) == (0, 0, paused.early)
    assert paused.early == 2
    row = summary([calm, paused])["told"]
    assert (row["ended_early"], row["cut_in"]) == (0.5, 0.5)
    assert row["delay_ms_p50"] == pytest.approx(300, abs=80)
    assert "told" in table(summary([calm, paused]))


def test_an_end_just_before_the_caller_goes_on_is_not_heard() -> None:
    laid = scene(2)
    start_s, end_s = laid.turns[0].pauses[0]
    (result,) = hear(SilenceEars(round(1000 * (end_s - start_s)) - 60), laid)
    assert (result.early, result.cut_in) == (1, 0)


def test_remarks_over_the_agent_are_counted() -> None:
    taken = hear_remark(SilenceEars(300), False, alone(CLIP))
    let_go = hear_remark(SilenceEars(300, dismisses=True), True, alone(CLIP))
    assert (taken, let_go) == (RemarkResult(False, True), RemarkResult(True, False))
    counts = remark_summary([taken, let_go])
    assert counts["backchannels_taken"] == counts["interruptions_missed"] == 1


def test_every_kind_of_caller_speaks_and_pauses() -> None:
    scenes = list(spoken_scenes(lambda text: CLIP))
    assert {laid.kind for laid in scenes} == {"told", "searching", "answering"}
    pauses = {kind: [len(t.pauses) for s in scenes if s.kind == kind for t in s.turns]
              for kind in ("told", "searching", "answering")}  # fmt: skip
    assert min(pauses["searching"]) >= 1 and max(pauses["answering"]) == 0 < min(pauses["told"])
    assert {remark.takes for remark in remarks()} == {True, False}


def test_clauses_are_cut_where_speakers_pause() -> None:
    text = "No. I mean, I tried it all, and nothing helped."
    assert clauses(text) == ["No. I mean,", "I tried it all,", "and nothing helped."]


def test_a_table_without_the_recordings_is_an_error(tmp_path) -> None:
    head = "id\tfile\tsplit\tspeaker\tgender\tage\tlang\tseconds\tsample_rate\ttranscript\tsource"
    (tmp_path / "t.tsv").write_text(head + "\tlicense\tnote\n")
    with pytest.raises(SecoustiError, match=r"t\.tsv"):
        next(read_scenes(tmp_path / "t.tsv"))


def test_other_odds_are_measured_beside_those_in_force() -> None:
    measured = ears_measured([0.5])
    assert [ears.sure for ears in measured.values()][:2] == [ListenSettings().sure, 0.5]
    assert len({ears.silence_ms for ears in measured.values()}) == 2  # and silence alone
