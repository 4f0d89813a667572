"""Listening: the caller's audio in, events and finished turns out."""

from voice_agent.listen.ears import Ears
from voice_agent.listen.events import (
    ListenEvent,
    Partial,
    SpeechDismissed,
    SpeechStarted,
    TurnEnded,
    TurnPaused,
)
from voice_agent.listen.listener import Listener
from voice_agent.listen.settings import ListenSettings

__all__ = [
    "Ears",
    "ListenEvent",
    "ListenSettings",
    "Listener",
    "Partial",
    "SpeechDismissed",
    "SpeechStarted",
    "TurnEnded",
    "TurnPaused",
]
