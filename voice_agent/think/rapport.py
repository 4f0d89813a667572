"""Who speaks to this caller, and what is remembered of them: persona and memory in one call."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voice_agent.contracts import Memory, RiskLevel
from voice_agent.think.activity import Moment
from voice_agent.think.boundary import PASSING, boundary_cue
from voice_agent.think.crisis import Answer
from voice_agent.think.dialogue import Dialogue
from voice_agent.think.guard_out import MAX_WORDS
from voice_agent.think.manner import out_of_place
from voice_agent.think.memory_talk import MemoryTalk
from voice_agent.think.mi import sentences
from voice_agent.think.mind import Mind
from voice_agent.think.persona import Persona, bank
from voice_agent.think.persona_talk import PersonaTalk

GOES_ON_WORDS = 6  # in place of a yes or no, so many words mean that the caller has more to say


@dataclass(frozen=True)
class Said:
    """The answer to a request about style or memory.

    ``closes``: a goodbye follows it. ``forgets``: what was noted has been dropped.
    """

    text: str
    closes: bool = False
    forgets: bool = False


class Rapport:
    """One call's persona and memory. The crisis path never waits for it."""

    def __init__(
        self,
        mind: Mind,
        dialogue: Dialogue,
        persona: Persona | None,
        memories: Sequence[Memory] | None,
        rng: random.Random,
        date: Callable[[], float],
    ) -> None:
        chosen = persona or _remembered_style(memories or ())
        self._dialogue, self._rng = dialogue, rng
        self._style = PersonaTalk(chosen, mind.wishes, mind.matcher, match=mind.settings.match)
        self._memory = MemoryTalk(memories, mind.embed, rng, date)
        self._front = ""  # said before the next ordinary reply
        self._leaving = False

    @property
    def persona(self) -> Persona | None:
        """Whose style is spoken now."""
        return self._style.persona

    @property
    def memories(self) -> tuple[Memory, ...]:
        """What may be kept for the next call."""
        return self._memory.memories

    def opening(self, broke_off: str = "") -> str:
        """The greeting, with a word on what is kept before its last sentence; in its place
        ``broke_off``, where the last call broke off in the middle of something."""
        greeting = sentences(self._rng.choice(self._style.greetings()))
        last = broke_off or greeting[-1]
        return " ".join(filter(None, (*greeting[:-1], self._memory.welcome(), last)))

    def texts(self, courtesy: str, usual: Sequence[str]) -> Sequence[str]:
        """Words for a courtesy of the call, in the persona's tone where it has some that fits."""
        if self.persona is not None and out_of_place(self.persona, self._dialogue):
            return usual
        return self._style.texts(courtesy, usual, self._dialogue.spoken)

    def take(self, moment: Moment, *, alarmed: bool) -> Said | None:
        """The answer to a request about style or memory; else what was said is taken note of."""
        self._front = ""
        if self._memory.asking(moment.number):
            return self._answered(moment)
        said = self._memory.asked(moment)
        if said:
            return Said(said, forgets=self._forget())
        words, whole = self._change_style(moment)
        self._memory.note(moment, alarmed)
        if words and whole:
            return Said(words)
        self._front = words
        return None

    def farewell(self, risk: RiskLevel, number: int) -> str:
        """What is asked before a first goodbye, or ""."""
        question = self._memory.farewell(risk, number)
        self._leaving = bool(question)
        return question

    def in_front(self, moment: Moment, risk: RiskLevel, text: str) -> str:
        """What is said before an ordinary reply ``text``: a new style, or something remembered."""
        front, self._front = self._front or self._style.proposed(moment, risk), ""
        if front:
            return front
        recall = self._memory.recall(moment, risk)
        if not recall or len(f"{recall} {text}".split()) > MAX_WORDS:
            return ""
        self._memory.recalled(recall, moment.number)
        return recall

    def _answered(self, moment: Moment) -> Said | None:
        answer, leaving = moment.insight.answer, self._leaving
        words = self._memory.answered(answer)
        self._leaving = False
        if answer is Answer.UNCLEAR and len(moment.heard.text.split()) > GOES_ON_WORDS:
            self._front = words
            return None
        return Said(words, closes=leaving)

    def _forget(self) -> bool:
        """Let the notes of this call go with what memory has let go."""
        if self._memory.forgot == "all":
            self._dialogue.forget()
        elif self._memory.forgot == "last":
            self._dialogue.forget_last()
        return bool(self._memory.forgot)

    def _change_style(self, moment: Moment) -> tuple[str, bool]:
        cue = boundary_cue(moment.turn.text)
        if cue is not None and cue.name not in PASSING:
            return "", False  # "be straight with me, are you human?" is answered, not styled
        before = self.persona
        words, whole = self._style.asked(moment, self._rng)
        if self.persona is not before and self.persona is not None:
            self._memory.note_style(self.persona, moment.number)
        return words, whole


def _remembered_style(memories: Sequence[Memory]) -> Persona | None:
    """The supporter that a caller asked to have kept."""
    kept = [m.item for m in memories if m.kind == "style"]
    named = (bank().get(item.rsplit(" ", 1)[-1].lower()) for item in kept)
    return next((persona for persona in named if persona), None)
