"""Written crisis families spelled out into spoken cases: alternatives, disfluency, no punctuation.

Families and their split are data (``voice_agent/data/crisis``); a family is never in two splits.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from importlib import resources

from codec.errors import SecoustiError
from voice_agent.contracts import RiskLevel
from voice_agent.think.tables import table, table_names

PER_LINE = 5  # spelled-out cases of one line, as far as it has that many
ROUGH_SHARE = 0.35  # of the cases also appear as a recogniser would write a halting speaker
EVERYDAY = "everyday"  # a family of written comments, harmless by selection
_SLOT = re.compile(r"\{([^{}]*)\}")
_PADS = ("um", "uh", "like", "you know", "I mean", "er", "well")
_LEADS = ("so", "yeah", "I don't know", "the thing is", "okay", "look", "and", "honestly", "sorry")


@dataclass(frozen=True)
class SpokenCase:
    """One spelled-out turn of a family."""

    text: str
    risk: str
    family: str
    trap: str = ""


def family_cases(split: str, seed: int = 0, most: int = PER_LINE) -> list[SpokenCase]:
    """Every case of a split ("train", "valid", "test"), the same for the same seed.

    Args:
        most: readings of one line.

    Raises:
        SecoustiError: there is no such split in the package.
    """
    rng = random.Random(seed)
    cases: list[SpokenCase] = []
    for family in families(split):
        risk, trap = RiskLevel(family["risk"]).value, family.get("trap", "")
        for line in family["say"].strip().split("\n"):
            for text in spelled_out(line, rng, most):
                cases.append(SpokenCase(text, risk, family["name"], trap))
                if rng.random() < ROUGH_SHARE:
                    cases.append(SpokenCase(roughened(text, rng), risk, family["name"], trap))
    return cases


def heard_cases(split: str) -> list[SpokenCase]:
    """Lines of a split's families as a recogniser wrote them down (``evaluate.aloud``)."""
    place = resources.files("voice_agent").joinpath("data", "crisis", f"heard_{split}.jsonl")
    rows = map(json.loads, place.read_text(encoding="utf-8").splitlines())
    return [SpokenCase(row["text"], row["risk"], row["family"]) for row in rows]


def families(split: str) -> list[dict[str, str]]:
    """The families of all tables whose name begins with the split's.

    Raises:
        SecoustiError: there is no such split in the package.
    """
    names = [name for name in table_names("crisis") if name.split("_")[0] == split]
    if not names:
        raise SecoustiError(f"There are no crisis families for split '{split}'.")
    return [family for name in names for family in table(f"crisis/{name}")["family"]]


def spelled_out(line: str, rng: random.Random, most: int = PER_LINE) -> list[str]:
    """Up to ``most`` different readings of a line with ``{a|b}`` alternatives."""
    found: dict[str, None] = {}
    for _ in range(3 * most):
        found[_SLOT.sub(lambda slot: rng.choice(slot.group(1).split("|")), line)] = None
        if len(found) == most:
            break
    return list(found)


def roughened(text: str, rng: random.Random) -> str:
    """The same words as halting speech through a recogniser: fillers, repeats, no marks."""
    words = re.sub(r"[^\w' ]+", " ", text).split()
    said: list[str] = rng.choice(_LEADS).split() if rng.random() < 0.4 else []
    for word in words:
        if rng.random() < 0.05:
            said += rng.choice(_PADS).split()
        said += [word, word] if rng.random() < 0.05 else [word]
    return " ".join(said).lower()
