"""The persona side of one call: whose style is spoken, and how the caller comes by another.

The caller may ask for a style, a name, a list or the house voice at any time. With ``match`` the
agent proposes a style by itself, once, in words and with its reason; never while there is a risk.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import cache

from voice_agent.contracts import RiskLevel
from voice_agent.think.activity import Moment
from voice_agent.think.matching import Match, Matcher, Wants
from voice_agent.think.persona import Persona, bank
from voice_agent.think.tables import table
from voice_agent.think.wishes import HINTED, Wish, WishReader, strongest

FIRST_MATCH_TURN = 1  # the second caller turn: before it, too little is known
LAST_MATCH_TURN = 5  # later a change would only disturb
SURE_SCORE = 0.9  # a style is only proposed for good reasons
AHEAD = 0.15  # and where it is clearly ahead of the next
TOLD = 3  # supporters named in a list
OWN_MATTER_WORDS = 14  # with more words than this a turn is also answered, not only its wish


@cache
def _cue(name: str) -> re.Pattern[str]:
    cues = table("replies/styles")["cues"][name]
    if name == "name":
        return re.compile(cues.replace("{names}", "|".join(bank())))
    return re.compile(r"\b(?:" + "|".join(cues) + r")\b")


class PersonaTalk:
    """One call's side of it; reader and matcher are shared by all calls."""

    def __init__(
        self, persona: Persona | None, reader: WishReader, matcher: Matcher, *, match: bool
    ) -> None:
        self.persona = persona
        self.last_match: Match | None = None  # why the present style was chosen
        self._reader, self._matcher = reader, matcher
        self._may_match = match and persona is None
        self._wishes: tuple[Wish, ...] = ()
        self._left: list[str] = []
        self._listed = self._assured = False

    def greetings(self) -> Sequence[str]:
        """Openings to choose from; each says that this is an AI."""
        usual: list[str] = table("replies/others")["greeting"]
        return self.persona.greets if self.persona else usual

    def texts(self, courtesy: str, usual: Sequence[str], spoken: Sequence[str]) -> Sequence[str]:
        """The persona's own words for a courtesy while they are fresh, then the usual ones."""
        own = self.persona.says(courtesy) if self.persona else ()
        fresh = [text for text in own if not any(text in said for said in spoken)]
        return fresh or usual

    def asked(self, moment: Moment, rng: random.Random) -> tuple[str, bool]:
        """What is said to a request for a style, and whether the turn is answered by it."""
        wishes = self._reader.wishes(moment.turn.text)
        self._wishes = strongest((*self._wishes, *wishes))
        text, book = moment.heard.text, table("replies/styles")
        if _cue("house").search(text) and self.persona is not None:
            self._leave(None)
            return rng.choice(book["house"]), True
        named = _cue("name").search(text)
        if named and (self._listed or _says_more_than_a_name(named, text)):
            return self._take(bank()[named["name"]], moment, rng)
        if _cue("list").search(text):
            self._listed = True
            return book["list"].format(choices=self._choices(moment)), True
        if _cue("why").search(text) and self.last_match is not None:
            return book["why"].format(words=self.last_match.words), True
        if any(wish.asked for wish in wishes):
            self._may_match = False
            best = self._best(moment, [wish for wish in wishes if wish.asked])
            if best.persona is self.persona:
                return self._assure(rng), not _own_matter(moment)
            self.last_match = best
            return self._take(best.persona, moment, rng)
        return "", False

    def proposed(self, moment: Moment, risk: RiskLevel) -> str:
        """The words with which a matching style is taken up, or ""."""
        in_time = FIRST_MATCH_TURN <= moment.number <= LAST_MATCH_TURN
        if not self._may_match or not in_time or risk is not RiskLevel.NONE:
            return ""
        plain = tuple(wish for wish in self._wishes if wish.strength >= HINTED)
        first, second, *_ = self._ranked(moment, plain)
        if first.score < SURE_SCORE or first.score - second.score < AHEAD or not first.reasons:
            return ""
        self._may_match = False
        self.last_match, self.persona = first, first.persona
        words = table("replies/styles")["matched"]
        return str(words.format(words=first.words))

    def _take(self, persona: Persona, moment: Moment, rng: random.Random) -> tuple[str, bool]:
        self._may_match = False
        self._leave(persona)
        if _own_matter(moment):
            return persona.takes_over, False
        back = rng.choice(table("replies/styles")["back"])
        return f"{persona.takes_over} {back}", True

    def _assure(self, rng: random.Random) -> str:
        """The style asked for is at hand already: said once, then the turn is simply answered."""
        said, self._assured = self._assured, True
        return "" if said else str(rng.choice(table("replies/styles")["already"]))

    def _leave(self, persona: Persona | None) -> None:
        if self.persona is not None:
            self._left.append(self.persona.name)
        self.persona = persona

    def _best(self, moment: Moment, asked: Sequence[Wish]) -> Match:
        """The best match; the style at hand stays where it already is what was asked for."""
        ranked = self._ranked(moment)
        if self.persona is not None and all(_is_there(self.persona, wish) for wish in asked):
            return next(match for match in ranked if match.persona is self.persona)
        return next(match for match in ranked if match.persona is not self.persona)

    def _ranked(self, moment: Moment, wishes: tuple[Wish, ...] | None = None) -> tuple[Match, ...]:
        insight = moment.insight
        known = self._wishes if wishes is None else wishes
        wants = Wants(
            known, insight.record.topic, insight.feeling, moment.turn.rate, insight.vector
        )
        return self._matcher.rank(wants, self._left)

    def _choices(self, moment: Moment) -> str:
        best = [m.persona for m in self._ranked(moment) if m.persona is not self.persona][:TOLD]
        return " ".join(f"{persona.name} is {persona.style}." for persona in best)


def _own_matter(moment: Moment) -> bool:
    """Whether the turn tells of something beside its wish for a style."""
    return len(moment.heard.text.split()) > OWN_MATTER_WORDS or bool(moment.insight.events)


def _says_more_than_a_name(named: re.Match[str], text: str) -> bool:
    """ "talk to Ruth" may be the caller's sister; "can I talk to Ruth" is asked of us."""
    asks = re.search(r"\b(?:can|could|may|let|want|like|give|try|switch|change|please)\b", text)
    return bool(asks) and len(text.split()) <= 10 and not named.group().startswith(named["name"])


def _is_there(persona: Persona, wish: Wish) -> bool:
    return abs(wish.to - persona.manner[wish.axis]) <= 0.15
