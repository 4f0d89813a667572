"""Suite ``esc``: whole talks on role cards, rated and judged by what they came to.

With ``--ablations`` the same seekers also talk to the agent with one part left out at a time; what
a part is worth is the paired difference to the whole agent, with its interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from voice_agent.evaluate.esc import outcomes
from voice_agent.evaluate.esc.cards import Card, read_cards
from voice_agent.evaluate.esc.dimensions import DIMENSIONS, Transcript
from voice_agent.evaluate.esc.held import Held, hold
from voice_agent.evaluate.report import Report, Score, Table, grid, scored
from voice_agent.evaluate.suites.options import Options
from voice_agent.think.prototypes import Embed
from voice_agent.think.settings import Part

SEEDS = 2  # talks a card
SHORT = 5  # exchanges of ESC-Eval's own talks
HUNDREDTHS = 25.0  # of its leaderboard: mean of the dimensions, 0-4, as 0-100
ABLATIONS = ("no stage", "no thinking", "no planner", "no debias", "random persona")
AIMS = {
    "advice unasked or confronting": "<= 0.02",
    "reflections a question": ">= 1.0",
    "choice handed back in action": ">= 0.9",
}
LESS_IS_BETTER = ("ineffective advice", "asked again", "asked about suicide",
                  "advice unasked or confronting")  # fmt: skip


@dataclass(frozen=True)
class Rated:
    """One talk with every number about it; None where its card does not ask for that."""

    card: Card
    numbers: dict[str, float | None]


def run_esc(path: Path, options: Options) -> Report:
    """Hold every card's talks and, if asked for, those of every ablation."""
    cards = read_cards(path, options.split)
    full = _rated(cards, options)
    names = list(full[0].numbers)
    scores = {name: _score(full, name, options.seed) for name in names}
    tables = {"categories": _categories(full)}
    notes = [f"{SEEDS} talks a card; the mean of a card's talks is what is redrawn"]
    if options.ablations:
        differences = {name: _against(full, cards, name, options) for name in ABLATIONS}
        tables["what each part is worth"] = _worth(differences)
        notes += [_verdict(name, found) for name, found in differences.items()]
    return Report("esc", len(full), scores, tables, tuple(notes))


def _rated(cards: Sequence[Card], options: Options, *, random_persona: bool = False) -> list[Rated]:
    """Every card's talks, the numbers of its seeds averaged."""
    found = []
    for card in cards:
        seeds = range(options.seed, options.seed + SEEDS)
        talks = [hold(card, options.mind, s, random_persona=random_persona) for s in seeds]
        found.append(Rated(card, _averaged([_numbers(talk, options.memo) for talk in talks])))
    return found


def _numbers(held: Held, embed: Embed | None) -> dict[str, float | None]:
    talk = Transcript(held.said, held.texts)
    short = Transcript(held.said[:SHORT], held.texts[:SHORT])
    rated: dict[str, float | None] = {name: rate(talk) for name, rate in DIMENSIONS.items()}
    return {
        **rated,
        "average of 100": _leaderboard(talk),
        f"average of 100, {SHORT} exchanges": _leaderboard(short),
        "facts told": outcomes.told(held),
        "facts in the record": outcomes.noted(held, embed),
        "root cause found": outcomes.root_found(held, embed),
        "belief restructured": outcomes.restructured(held),
        "step adopted": outcomes.adopted(held),
        "ineffective advice": outcomes.ineffective(held),
        "asked again": outcomes.asked_again(held),
        "asked about suicide": outcomes.alarmed(held),
        "advice unasked or confronting": outcomes.pushes(held),
        "reflections a question": outcomes.reflections(held),
        "choice handed back in action": outcomes.autonomy(held),
    }


def _leaderboard(talk: Transcript) -> float:
    return HUNDREDTHS * sum(rate(talk) for rate in DIMENSIONS.values()) / len(DIMENSIONS)


def _averaged(numbers: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    return {name: _mean([one[name] for one in numbers]) for name in numbers[0]}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _score(rated: Sequence[Rated], name: str, seed: int) -> Score:
    mean = _mean_of(lambda one: one.numbers[name])
    return scored(rated, mean, seed, AIMS.get(name, ""))


def _mean_of(of: Callable[[Rated], float | None]) -> Callable[[Sequence[Rated]], float | None]:
    return lambda rated: _mean([of(one) for one in rated])


def _against(
    full: Sequence[Rated], cards: Sequence[Card], name: str, options: Options
) -> dict[str, Score]:
    """The whole agent less the one without the part, number by number, paired by card."""
    persona = name == "random persona"
    left = options.settings.leave_out | ({Part(name.removeprefix("no "))} if not persona else set())
    settings = replace(options.settings, leave_out=frozenset(left))
    without = _rated(cards, options.with_settings(settings), random_persona=persona)
    pairs = list(zip(full, without, strict=True))

    def gain(number: str) -> Callable[[Sequence[tuple[Rated, Rated]]], float | None]:
        sign = -1.0 if number in LESS_IS_BETTER else 1.0

        def paired(drawn: Sequence[tuple[Rated, Rated]]) -> float | None:
            both = [(a.numbers[number], b.numbers[number]) for a, b in drawn]
            return _mean([sign * (a - b) for a, b in both if a is not None and b is not None])

        return paired

    return {number: scored(pairs, gain(number), options.seed) for number in full[0].numbers}


def _worth(differences: dict[str, dict[str, Score]]) -> Table:
    """Gains by the part, as "+0.120 [+0.030, +0.210]"; more is better in every cell."""
    numbers = list(next(iter(differences.values())))
    cells = [[_shown(found[number]) for found in differences.values()] for number in numbers]
    return grid(numbers, [f"against {name}" for name in differences], cells)


def _shown(score: Score) -> str:
    if score.value is None or score.low is None or score.high is None:
        return "-"
    return f"{score.value:+.3f} [{score.low:+.3f}, {score.high:+.3f}]"


def _verdict(name: str, found: dict[str, Score]) -> str:
    """In which numbers the part helps and harms for sure, its interval clear of nothing."""
    sure = [(number, s) for number, s in found.items() if s.low is not None and s.high is not None]
    helps = [number for number, s in sure if s.low is not None and s.low > 0]
    harms = [number for number, s in sure if s.high is not None and s.high < 0]
    return (
        f"against '{name}' the whole agent is surely better in {', '.join(helps) or 'nothing'}; "
        f"surely worse in {', '.join(harms) or 'nothing'}"
    )


def _categories(rated: Sequence[Rated]) -> Table:
    names = sorted({one.card.category for one in rated})
    shown = ("average of 100", "facts told", "belief restructured", "step adopted")
    rows = []
    for name in names:
        own = [one for one in rated if one.card.category == name]
        means = [_mean([one.numbers[number] for one in own]) for number in shown]
        rows.append((len(own), *(None if m is None else round(m, 3) for m in means)))
    return grid(names, ("n", *shown), rows)
