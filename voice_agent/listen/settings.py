"""What may be set about listening, each default with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ListenSettings:
    """Settings of one :class:`~voice_agent.listen.ears.Ears`; times in ms of audio unless named."""

    recogniser: str = "moonshine"  # or a local Whisper checkpoint: see recognise.load_recogniser
    workers: int = 2  # recognisers side by side; about 110 MB each, one keeps up with ~8 calls
    recognise_deadline_s: float = (
        8.0  # wall time; a busy machine may need some, a dead one gets none
    )

    # Voice activity: probabilities of the Silero network.
    start_threshold: float = 0.5  # the threshold its authors publish
    stop_threshold: float = 0.35  # theirs too: lower, so that a soft word ending is kept
    start_ms: int = 96  # three windows; one alone is often a click. Barge-in waits for this too
    shortest_speech_ms: int = 256  # shorter bursts that give no words are not a turn

    # End of turn, weighed in patience.py. Weights are log odds. They were set on the calls of
    # 'secousti bench turns', where every answer sooner is a cut-in more: docs/turns.md.
    silence_ms: int = 0  # above 0 nothing is weighed: so much silence ends every turn
    ask_ms: int = 128  # silence after which the words so far are recognised, ahead of need
    shortest_ms: int = 320  # no turn ends sooner: whole short answers do so soon
    longest_ms: int = 1_792  # no silence inside a turn is waited for longer
    sure: float = 1.25  # log odds of an end (0.78) at which the turn is over
    pause_median_ms: float = 350.0  # of pauses inside turns, before this caller has made any
    pause_spread: float = 0.6  # sigma of their logarithm
    prior_pauses: float = 6.0  # what is learnt of a caller's pauses outweighs this after so many
    pauses_per_s: float = 0.35  # of speech, expected of a caller who is not known yet
    prior_spoken_s: float = 12.0  # what is learnt of it outweighs this after so much speech
    turn_median_s: float = 4.5  # of speech; the dialogue corpus's callers say 15 words at a time
    turn_spread: float = 0.5  # sigma of its logarithm to begin with; of 0.4 to 0.9 it served best
    prior_turns: float = 2.0  # what is learnt of a caller's turns outweighs this after so many
    length_tells: float = 2.0  # log odds, at most, by how long the turn has been
    goes_on_ms: int = 1_500  # who speaks again so soon had not ended the turn
    longest_turn_ms: int = (
        45_000  # a turn is cut here, so that an open microphone is still answered
    )

    # Long speech is recognised in pieces, so that the last piece is short when the turn ends.
    commit_ms: int = 6_000  # at a pause, a piece longer than this is final
    longest_piece_ms: int = 12_000  # without a pause, cut at the quietest point before this
