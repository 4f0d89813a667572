"""The shared half of the text mind: models and tables that every call uses, thread-safe."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from codec.errors import SecoustiError
from voice_agent.contracts import RiskLevel, RiskState, Stage, ThinkingRecord
from voice_agent.think.activities import kinds_of_activity
from voice_agent.think.activity import Kind
from voice_agent.think.boundary import said_to_the_agent
from voice_agent.think.crisis_net import CrisisNet, raised_by_net
from voice_agent.think.dialogue import Dialogue
from voice_agent.think.endpoint import Endpoint, Message
from voice_agent.think.guard_in import Alarm, guarded, rules
from voice_agent.think.heads import Head, packaged_head
from voice_agent.think.matching import Matcher
from voice_agent.think.moves import stage_shares
from voice_agent.think.practice.next_skill import SkillAdviser
from voice_agent.think.practice.rater import Rater
from voice_agent.think.practice.talk import PracticeKind, Tools
from voice_agent.think.prompts import think_messages
from voice_agent.think.prototypes import Embed
from voice_agent.think.settings import Part, ThinkSettings
from voice_agent.think.stage import StageTracker
from voice_agent.think.strategy import NO_DEBIAS, Planner, load_planner
from voice_agent.think.thinking import think
from voice_agent.think.understand import Insight, Understander
from voice_agent.think.wishes import WishReader
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
    net: CrisisNet | None = None
    stages: Head | None = None
    embed: Embed | None = None
    activities: tuple[Kind, ...] = ()
    wishes: WishReader = field(default_factory=WishReader)
    matcher: Matcher = field(default_factory=Matcher)

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
        if Part.VECTORS in settings.leave_out:
            embed = None
        elif embed is None and settings.use_vectors:
            embed = _vectors(settings)
        endpoint = Endpoint.from_settings(settings)
        learnt = embed is not None and Part.HEADS not in settings.leave_out
        return cls(
            settings=settings,
            understander=Understander(embed),
            planner=_planner(settings, learnt),
            writer=TemplateWriter(),
            endpoint=endpoint,
            net=CrisisNet(crisis) if learnt and (crisis := packaged_head("crisis")) else None,
            stages=packaged_head("stage") if learnt else None,
            embed=embed,
            activities=(
                _practice(settings, embed, endpoint, learnt),
                *kinds_of_activity(settings),
            ),
            wishes=WishReader(embed),
            matcher=Matcher(embed),
        )

    def listen(self, text: str) -> Alarm:
        """What the crisis path hears in one caller turn: the graver of rules and net.

        The rules need nothing but tables; where the net fails they stand alone.
        """
        alarm = guarded(text)
        if self.net is None or self.embed is None or not text.strip():
            return alarm
        try:
            guess = self.net.guess(text, self.embed)
            if guess.level.rank <= RiskLevel.LOW.rank and said_to_the_agent(text):
                return alarm
            return raised_by_net(alarm, guess)
        except Exception:
            logger.exception("the second crisis net failed on a turn; the rules stand alone")
            return alarm

    def stage_shares(
        self, dialogue: Dialogue, insight: Insight | None
    ) -> dict[Stage, float] | None:
        """What the learnt head says of the stage a talk is in; None where there is none."""
        if self.stages is None or insight is None:
            return None
        return stage_shares(self.stages, dialogue, insight)

    def record(
        self, dialogue: Dialogue, insight: Insight, stage: Stage, risk: RiskState
    ) -> ThinkingRecord:
        """What is concluded of the call so far, its newest turn (``insight``) included."""
        if Part.THINKING in self.settings.leave_out:
            return ThinkingRecord(stage)
        return think(dialogue, insight, stage, risk)

    def notes(self, dialogue: Dialogue) -> dict[str, Any] | None:
        """An endpoint's private notes on the call so far, within their deadline."""
        if self.endpoint is None:
            return None
        return self.endpoint.fill(think_messages(dialogue), self.settings.llm_think_deadline_s)

    def tracker(self) -> StageTracker:
        """A stage tracker for one call."""
        return StageTracker(fixed=Part.STAGE in self.settings.leave_out)


def _planner(settings: ThinkSettings, learnt: bool) -> Planner:
    debias = NO_DEBIAS if Part.DEBIAS in settings.leave_out else None
    drawn = Part.PLANNER in settings.leave_out
    head = None
    if learnt:
        head = load_planner(settings.planner) if settings.planner else packaged_head("strategy")
    return Planner(debias, head, drawn=drawn)


def _practice(
    settings: ThinkSettings, embed: Embed | None, endpoint: Endpoint | None, learnt: bool
) -> PracticeKind:
    def word(messages: list[Message]) -> str | None:
        return endpoint.say(messages, settings.llm_deadline_s) if endpoint else None

    rater = Rater(packaged_head("practice") if learnt else None, embed)
    return PracticeKind(Tools(rater, SkillAdviser(embed), word if endpoint else None))


def _vectors(settings: ThinkSettings) -> Embed | None:
    from voice_agent.vectors import SentenceVectors  # heavy: only where it is wanted

    try:
        return SentenceVectors.load(settings.vectors_path)
    except SecoustiError as fault:
        if settings.vectors_path is not None:
            raise
        logger.warning("no sentence vectors (%s): understanding from words alone", fault)
        return None
