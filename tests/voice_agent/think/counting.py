"""A small activity for tests: counts to three with the caller."""

from __future__ import annotations

from typing import Any

from voice_agent.contracts import Mode
from voice_agent.think.activity import Activity, Moment, Move
from voice_agent.think.words import Heard


class Counting:
    kind = "counting"
    rehearsing = False

    def __init__(self, at: int = 0) -> None:
        self.at = at

    def begin(self) -> Move:
        return Move("Say one.", mode=Mode.EXERCISE)

    def take(self, moment: Moment) -> Move | None:
        if "why" in moment.heard.text:
            return None
        self.at += 1
        return Move(f"That was {self.at}.", mode=Mode.EXERCISE, over=self.at == 3)

    def again(self) -> Move:
        return Move(f"We had {self.at}.", mode=Mode.EXERCISE)

    def state(self) -> dict[str, Any]:
        return {"at": self.at}

    def outcome(self) -> dict[str, Any]:
        return {"counted": self.at}


class CountingKind:
    name = "counting"

    def asked_for(self, heard: Heard) -> bool:
        return "count with me" in heard.text

    def offer(self, moment: Moment) -> str | None:
        return "Would you like to count?" if "bored" in moment.heard.text else None

    def make(self, moment: Moment) -> Activity:
        return Counting()

    def restore(self, state: dict[str, Any]) -> Activity:
        return Counting(state["at"])
