"""Which kinds of activity there are, in the order in which they are offered."""

from __future__ import annotations

from voice_agent.think.activity import Kind
from voice_agent.think.exercise_kinds import exercises
from voice_agent.think.scale_kinds import scales
from voice_agent.think.settings import ThinkSettings


def kinds_of_activity(settings: ThinkSettings) -> tuple[Kind, ...]:
    """Every kind that the settings allow."""
    return (*exercises(), *(scales(settings.scales_folder) if settings.scales else ()))
