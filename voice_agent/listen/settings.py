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

    # End of turn. People under strain pause mid-thought: an open sentence earns more patience.
    probe_ms: int = 224  # silence after which the words so far are recognised, ahead of need
    complete_ms: int = 704  # silence that ends a turn whose words look finished
    incomplete_ms: int = 1376  # silence that ends any other turn
    longest_turn_ms: int = (
        45_000  # a turn is cut here, so that an open microphone is still answered
    )

    # Long speech is recognised in pieces, so that the last piece is short when the turn ends.
    commit_ms: int = 6_000  # at a pause, a piece longer than this is final
    longest_piece_ms: int = 12_000  # without a pause, cut at the quietest point before this
