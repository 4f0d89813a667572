"""What a listener tells of the caller. Times ``t`` are seconds of audio since the call began."""

from __future__ import annotations

from dataclasses import dataclass

from voice_agent.contracts import UserTurn


@dataclass(frozen=True)
class SpeechStarted:
    """The caller began to speak at ``t``; while the agent speaks this is a barge-in."""

    t: float
    over_agent: bool = False


@dataclass(frozen=True)
class Partial:
    """The words of the running turn as far as they are recognised; later ones may differ."""

    text: str


@dataclass(frozen=True)
class TurnPaused:
    """The caller pauses, and may be done: if they are, the turn that ends is this one.

    Who can prepares an answer, and forgets it when another event comes first.
    """

    turn: UserTurn


@dataclass(frozen=True)
class SpeechDismissed:
    """What started was no turn: a noise (no ``text``), or "mm-hm" said over the agent.

    An agent that only paused at :class:`SpeechStarted` may go on speaking.
    """

    t: float
    text: str


@dataclass(frozen=True)
class TurnEnded:
    """The caller's turn is over.

    ``endpoint_ms`` is audio time from the last speech sample to the decision, ``recognise_ms`` wall
    time the decision waited for the words. When the recogniser failed or found no words in what
    sounded like speech, ``turn.text`` is empty and ``turn.asr_conf`` 0.
    """

    turn: UserTurn
    endpoint_ms: float
    recognise_ms: float


ListenEvent = SpeechStarted | Partial | TurnPaused | SpeechDismissed | TurnEnded
