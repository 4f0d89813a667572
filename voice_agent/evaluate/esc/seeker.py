"""The scripted seeker: tells what is asked for or reflected, and shuts down when pushed.

Research notes 7.2: a fact comes out when it is asked for openly or reflected; unasked advice meets
"yes, but" and silence; the belief softens when a feeling was named and then a question looks at the
belief from outside; a step is taken only if it was chosen, and is a plan once it has a time.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from voice_agent.evaluate.esc.cards import Card, CardFact
from voice_agent.evaluate.esc.reading import Reading, read
from voice_agent.think.tables import table

STRENGTH = 80  # of the belief at first, 0-100
SOFTENS = 20  # by one question that looks at it from outside
TURNED = 30  # a fall from which the other thought is spoken
READY_SHARE = 0.5  # of the facts told before ideas are welcome
OWN_SHARE = 0.6  # of them told before a step of one's own comes to mind
CONSENT_LASTS = 3  # exchanges
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
GUARDED_TRUST = 1  # what a guarded seeker needs before saying more than what is asked


@dataclass
class Ledger:
    """What happened, for the scorers. ``told`` are facts with the exchange they came out in."""

    told: list[tuple[CardFact, int]] = field(default_factory=list)
    strength: int = STRENGTH
    voiced: bool = False
    turned: bool = False
    chose: bool = False
    planned: bool = False
    asked_again: int = 0  # questions about what had been told
    advice: int = 0
    unasked: int = 0
    repeated: int = 0
    rejected: int = 0
    ineffective: int = 0  # advice that was any of the three
    death_asked: int = 0  # questions about ending their life; no card gives a reason for one


class Seeker:
    """One seeker in one talk. Deterministic for a card and a seed."""

    def __init__(self, card: Card, seed: int) -> None:
        self.card, self.ledger = card, Ledger()
        self._rng = random.Random(f"{card.id} {seed}")
        self._left = list(card.facts)
        self._exchange = 0
        self._trust = 0
        self._felt = False  # a feeling was named since the belief last moved
        self._consent_until = -1
        self._closed_for = 0  # exchanges of withdrawal left
        self._advice_heard: list[str] = []
        self._awaits_when = False
        self._exercising = False  # the thought is being looked at step by step
        self._last = ""

    def open(self) -> str:
        """The first words."""
        return self._tell(self._left[0])

    def answer(self, reply: str) -> str:
        """What is said to a reply of the supporter."""
        self._exchange += 1
        heard = read(reply)
        self._weigh(heard)
        said = self._advised(reply, heard) if heard.advises else self._met(heard)
        if self._exchange == self.card.asks_at and not self._consents and not self.ledger.planned:
            self._consent_until = self._exchange + CONSENT_LASTS
            said = f"{said} {self._line('asks')}"
        return said

    @property
    def _consents(self) -> bool:
        return self._exchange <= self._consent_until

    @property
    def _share_told(self) -> float:
        return len(self.ledger.told) / len(self.card.facts)

    def _weigh(self, heard: Reading) -> None:
        self._felt |= heard.names_feeling
        warm = heard.names_feeling or bool(heard.says & {"affirm", "normal", "repair"})
        self._trust += warm and not heard.advises

    # ------------------------------------------------------------------ advice

    def _advised(self, reply: str, heard: Reading) -> str:
        ledger, asked_for = self.ledger, self._consents
        ledger.advice += 1
        ledger.unasked += not asked_for
        again = any(_alike(reply, old) for old in self._advice_heard)
        failed = any(re.search(rf"\b{re.escape(word)}", reply, re.I) for word in self.card.tried)
        ledger.repeated += again
        ledger.ineffective += again or failed or not asked_for
        self._advice_heard.append(reply)
        if again or failed:
            ledger.rejected += 1
            return self._line("heard_before" if again else "tried_before")
        if not asked_for:
            ledger.rejected += 1
            self._trust -= 1
            self._closed_for = 1
            return self._line("yes_but")
        if "options" not in heard.says:
            return self._line("maybe")
        ledger.chose = True
        return self._with_time(self._line(self._rng.choice(("takes_first", "takes_second"))))

    def _with_time(self, taken: str) -> str:
        """Some say when of their own accord; the others are to be asked."""
        if self.card.temper in ("brisk", "open"):
            return f"{taken} {self._time()}"
        self._awaits_when = True
        return taken

    def _time(self) -> str:
        self._awaits_when = False
        if not self.card.step_when:
            return self._line("unsure_when")
        self.ledger.planned = True
        return self._line("when")

    # ------------------------------------------------------------------ everything else

    def _met(self, heard: Reading) -> str:
        if self._closed_for and not heard.says & {"repair", "feeling"}:
            self._closed_for -= 1
            return self._line("withdrawn")
        self._closed_for = 0
        return self._asked(heard) if heard.asks else self._told_back(heard)

    def _asked(self, heard: Reading) -> str:
        ledger, card = self.ledger, self.card
        if heard.asks == "death":
            ledger.death_asked += 1
            return self._line("no_such_thoughts")
        if heard.asks == "number":
            return f"{NUMBERS[ledger.strength // 10]}, about {NUMBERS[ledger.strength // 10]}."
        if heard.asks == "exercise":
            return self._exercise(heard)
        if heard.asks == "permission":
            return self._permission()
        if heard.asks == "evidence_for":
            return card.cause or ledger.told[0][0].text
        if heard.asks == "when_step":
            return self._time() if self._awaits_when else self._fact_of("when", heard)
        if heard.asks in ("own_step", "choose"):
            return self._own_step(heard)
        if heard.asks == "evidence" and card.belief:
            return self._looked_at()
        if heard.asks == "belief" and card.belief:
            return self._voice()
        return self._fact_of(heard.asks, heard)

    def _permission(self) -> str:
        if self._share_told < READY_SHARE or (self.card.temper == "guarded" and self._trust < 1):
            return self._line("not_ready")
        self._consent_until = self._exchange + CONSENT_LASTS
        return self._line("ready")

    def _exercise(self, heard: Reading) -> str:
        """Ready to look at the thought step by step; anything else is not what they called for."""
        if "thought" not in heard.text or self._share_told < READY_SHARE or not self.card.belief:
            return self._line("rather_talk")
        self._exercising = True
        return self._line("ready")

    def _own_step(self, heard: Reading) -> str:
        known = self.card.step and self._share_told >= OWN_SHARE
        if heard.asks == "choose" and not self.ledger.chose:
            return self._next(heard)
        if not known or self.ledger.planned:
            return self._line("lighter") if self.ledger.planned else self._next(heard)
        self.ledger.chose = True
        return self._with_time(self._line("own"))

    def _looked_at(self) -> str:
        """A question that looks at the belief from outside."""
        ledger = self.ledger
        if not ledger.voiced:
            return self._voice()
        if not (self._felt or self._exercising):  # step by step, the feeling has its own step
            return self._line("holds")
        self._felt = False
        ledger.strength = max(0, ledger.strength - SOFTENS)
        if STRENGTH - ledger.strength < TURNED:
            return self._line("shaken")
        ledger.turned = True
        return self._line("turned")

    def _voice(self) -> str:
        self.ledger.voiced, self._felt = True, False
        return self._line("voiced")

    def _fact_of(self, kind: str, heard: Reading) -> str:
        if heard.closed and kind == "plain":
            return self._line("yes")
        fitting = [fact for fact in self._left if kind in ("plain", "belief", fact.kind)]
        if fitting:
            return self._tell(fitting[0])
        if self._exercising:
            return self.ledger.told[0][0].text
        if any(fact.kind == kind for fact, _ in self.ledger.told):
            self.ledger.asked_again += 1
            return self._line("said_before")
        return self._line("not_there")

    def _told_back(self, heard: Reading) -> str:
        """A statement: what was reflected well opens the next thing."""
        if heard.names_feeling or heard.reflects:
            return self._next(heard)
        return self._line("thanks" if heard.says & {"affirm", "normal"} else "plain")

    def _next(self, heard: Reading) -> str:
        """The next thing of their own accord: a guarded seeker wants trust first."""
        if self.card.temper == "guarded" and self._trust < GUARDED_TRUST:
            return self._line("plain")
        if self._left:
            return self._tell(self._left[0])
        if self.card.belief and not self.ledger.voiced:
            return self._voice()
        return self._line("thanks" if heard.says & {"affirm", "normal"} else "plain")

    def _tell(self, fact: CardFact) -> str:
        self._left.remove(fact)
        self.ledger.told.append((fact, self._exchange))
        return fact.text

    def _line(self, name: str) -> str:
        lines = table("evaluate/seeker")[name]
        fresh = [line for line in lines if line != self._last] or lines
        self._last = self._rng.choice(fresh)
        card = self.card
        told = " ".join(fact.text for fact in card.facts)
        return self._last.format(
            what=card.step,
            when=card.step_when,
            When=_capital(card.step_when),
            belief=card.belief,
            belief_low=_low(card.belief, told),
            alternative=card.alternative,
            alternative_low=_low(card.alternative, told),
        )


def _alike(one: str, other: str) -> bool:
    """Whether two pieces of advice are the same: most of their longer words are."""
    a, b = ({w for w in re.findall(r"\w+", text.lower()) if len(w) > 3} for text in (one, other))
    return len(a & b) >= 0.6 * max(1, min(len(a), len(b)))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _low(text: str, told: str) -> str:
    """The text as the second half of a sentence: "I" stays what it is, and so does a name, which
    stands capitalised in the middle of what was ``told``."""
    first = re.match(r"\w*", text)
    word = first.group() if first else ""
    kept = word == "I" or re.search(rf"[a-z],? {re.escape(word)}\b", told)
    return text if kept else text[:1].lower() + text[1:]
