"""What may be set about speaking, each default with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SpeakSettings:
    """Settings of a :class:`~voice_agent.speak.voice.Voice`."""

    voice: Path | None = (
        None  # a Piper voice (.onnx, its .onnx.json beside it); None: the carried one
    )
    fallback: bool = True  # speak with Pico where the carried Piper voice does not start
    pace: float = 1.08  # length of a sound against the voice's own: a little slower is calmer
    sentence_gap_ms: int = 240  # silence between two sentences
    threads: int = 1  # of one synthesis; calls run side by side instead
