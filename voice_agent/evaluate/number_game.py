"""The number game: guess what a simple opponent will say next (EgoSocialArena, levels 1 to 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

ROUNDS = 10
LEVELS = ("constant", "falling", "follows both")
OPENING = 50
Player = Callable[[Sequence[int], Sequence[int]], int]  # (opponent's so far, own so far) -> guess


def opponent(level: str, theirs: Sequence[int], ours: Sequence[int]) -> int:
    """The opponent's next number: always 50; five less each round; or 0.8 x the mean of both
    players' last numbers, rounded."""
    if level == "constant" or not theirs:
        return OPENING
    if level == "falling":
        return theirs[-1] - 5
    return round(0.8 * (theirs[-1] + ours[-1]) / 2)


def rule_reader(theirs: Sequence[int], ours: Sequence[int]) -> int:
    """Our player: the simplest rule that explains every number so far, else the last number."""
    if not theirs:
        return OPENING
    rules: tuple[Player, ...] = (
        lambda a, b: a[-1],
        lambda a, b: a[-1] + (a[-1] - a[-2] if len(a) > 1 else 0),
        lambda a, b: round(0.8 * (a[-1] + b[-1]) / 2),
    )
    for rule in rules:
        fits = (rule(theirs[:n], ours[:n]) == theirs[n] for n in range(1, len(theirs)))
        if all(fits) or (len(theirs) > 2 and _fits_late(rule, theirs, ours)):
            return rule(theirs, ours)
    return theirs[-1]


def _fits_late(rule: Player, theirs: Sequence[int], ours: Sequence[int]) -> bool:
    """Whether a rule that needs two numbers explains the third and all later ones."""
    return all(rule(theirs[:n], ours[:n]) == theirs[n] for n in range(2, len(theirs)))


def play(level: str, player: Player) -> list[bool]:
    """Which of the ten rounds the player guessed exactly."""
    theirs: list[int] = []
    ours: list[int] = []
    hits = []
    for _ in range(ROUNDS):
        guess = player(theirs, ours)
        number = opponent(level, theirs, ours)
        hits.append(guess == number)
        theirs.append(number)
        ours.append(guess)
    return hits
