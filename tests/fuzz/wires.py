"""Coverage-guided fuzzing of the wires, by hand: every message is an event or a protocol error.

    pip install 'secousti[fuzz]'
    python -m tests.fuzz.wires twilio -max_total_time=60

What stands behind the wire's name goes to libFuzzer. An input that raises anything else is written
to ``crash-*`` in the current folder; give that file in place of the options to see it again.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: pip install 'secousti[fuzz]'")

with atheris.instrument_imports(include=["server.wires", "server.auth"]):
    from server.wires import native
    from server.wires.closing import MEANING, ProtocolError
    from tests.server.test_fuzz import WIRES

TWO_ENDS: dict[str, tuple[Callable[[], Any], bytes | str]] = {
    "native": (native.ServerWire, native.encode(native.Hello())),
    "client": (
        native.ClientWire,
        native.encode(native.Welcome(rate="high", session="s", lead_ms=400)),
    ),
}
ALL = {**WIRES, **TWO_ENDS}
MOST_MESSAGES = 16


class Messages:
    """Makes messages of an input: bytes, text, or JSON of the words that the wire's own code has.

    Without them nearly every input would end at the first brace.
    """

    def __init__(self, wire: object, data: bytes) -> None:
        self.given = atheris.FuzzedDataProvider(data)
        self._words = words_of(type(wire))

    def next(self) -> bytes | str:
        kind = self.given.ConsumeIntInRange(0, 3)
        if kind > 1:
            return json.dumps({key: self._value(2) for key in self._some_words()})
        message = self.given.ConsumeBytes(self.given.ConsumeIntInRange(0, 4096))
        return message if kind else message.decode(errors="replace")

    def _some_words(self) -> list[str]:
        return [self._word() for _ in range(self.given.ConsumeIntInRange(0, 5))]

    def _word(self) -> str:
        return self._words[self.given.ConsumeIntInRange(0, len(self._words) - 1)]

    def _value(self, depth: int) -> Any:
        match self.given.ConsumeIntInRange(0, 7 if depth else 5):
            case 0:
                return None
            case 1:
                return self.given.ConsumeInt(8)
            case 2:
                return self.given.ConsumeFloat()
            case 3:
                return self.given.ConsumeUnicode(12)
            case 4 | 5:
                return self._word()
            case 6:
                return [self._value(depth - 1) for _ in range(2)]
            case _:
                return {key: self._value(depth - 1) for key in self._some_words()}


@cache
def words_of(wire: type) -> list[str]:
    """Every short word in quotes in the code of ``wire`` and of what it is made from."""
    modules = {sys.modules[part.__module__] for part in wire.__mro__ if part is not object}
    text = "".join(inspect.getsource(module) for module in modules)
    return sorted(set(re.findall(r"\"([\w./-]{1,40})\"", text))) or ["type"]


def fuzzed(name: str) -> Callable[[bytes], None]:
    """What libFuzzer calls with each input: one connection's messages, after its opening or not."""
    make, opening = ALL[name]

    def one_connection(data: bytes) -> None:
        wire = make()
        messages = Messages(wire, data)
        try:
            if messages.given.ConsumeBool():
                wire.decode(opening)
            for _ in range(messages.given.ConsumeIntInRange(0, MOST_MESSAGES)):
                wire.decode(messages.next())
        except ProtocolError as fault:
            assert fault.code in MEANING, fault.code

    return one_connection


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in ALL:
        sys.exit(f"which wire? one of {', '.join(ALL)}")
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, fuzzed(name))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
