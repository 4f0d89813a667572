"""The shared half of the text mind: models and tables that every call uses, thread-safe."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from codec.errors import SecoustiError
from voice_agent.think.endpoint import Endpoint
from voice_agent.think.guard_in import rules
from voice_agent.think.prototypes import Embed
from voice_agent.think.settings import ThinkSettings
from voice_agent.think.strategy import Planner
from voice_agent.think.understand import Understander
from voice_agent.think.writer import TemplateWriter

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mind:
    """Everything but the conversation itself. Calls share one."""

    settings: ThinkSettings
    understander: Understander
    planner: Planner
    writer: TemplateWriter
    endpoint: Endpoint | None = None

    @classmethod
    def load(cls, settings: ThinkSettings | None = None, *, embed: Embed | None = None) -> Mind:
        """Load tables and, where they are installed, sentence vectors.

        Args:
            embed: sentence vectors to use (texts -> float32 [N, 384], L2-normalised) instead of
                the installed package's.

        Raises:
            SecoustiError: a table of the package cannot be read.
        """
        settings = settings or ThinkSettings()
        rules()  # the guard's tables are read before the first caller, not during a crisis
        if embed is None and settings.use_vectors:
            embed = _vectors(settings)
        return cls(
            settings=settings,
            understander=Understander(embed),
            planner=Planner(),
            writer=TemplateWriter(),
            endpoint=Endpoint.from_settings(settings),
        )


def _vectors(settings: ThinkSettings) -> Embed | None:
    from voice_agent.vectors import SentenceVectors  # heavy: only where it is wanted

    try:
        return SentenceVectors.load(settings.vectors_path)
    except SecoustiError as fault:
        if settings.vectors_path is not None:
            raise
        logger.warning("no sentence vectors (%s): understanding from words alone", fault)
        return None
