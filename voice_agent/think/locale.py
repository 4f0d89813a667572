"""Crisis resources of one place, and how a voice says them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codec.errors import SecoustiError
from voice_agent.think.tables import table, table_names


@dataclass(frozen=True)
class Locale:
    """One row of ``data/locales``: numbers in digits, and the words a voice says for them."""

    code: str
    emergency: str
    line_key: str
    line_number: str
    words: dict[str, str]
    extra: dict[str, dict[str, str]]

    @classmethod
    def load(cls, code: str) -> Locale:
        """Load by code ("US").

        Raises:
            SecoustiError: there is no table of that name.
        """
        known = table_names("locales")
        if code not in known:
            raise SecoustiError(
                f"There are no crisis resources for locale '{code}'; choose one of "
                f"{', '.join(known)}, or add voice_agent/data/locales/{code}.toml."
            )
        row: dict[str, Any] = table(f"locales/{code}")
        words = {key: value for key, value in row.items() if isinstance(value, str)}
        return cls(
            code, row["emergency"], row["line_key"], row["line_number"], words, row.get("extra", {})
        )

    def fill(self, text: str, category: str) -> str:
        """A script line with this place's spoken numbers. Without a resource of its own, a
        category falls back to the crisis line."""
        return text.format(**self.words, extra_how=self._extra_how(category))

    def resource(self, gives: str, category: str) -> str:
        """Key under which a given resource is remembered ("US:988", "US:911", ...)."""
        if gives == "emergency":
            return f"{self.code}:{self.emergency}"
        if gives == "extra" and category in self.extra:
            return self.extra[category]["key"]
        return self.line_key

    def numbers(self) -> frozenset[str]:
        """Every number this place's resources use, digits only: all that may ever be spoken."""
        shown = [self.emergency, self.line_number, *(e["number"] for e in self.extra.values())]
        return frozenset("".join(c for c in number if c.isdigit()) for number in shown)

    def _extra_how(self, category: str) -> str:
        own = self.extra.get(category)
        return own["how"] if own else f"a crisis line, you can {self.words['line_how']}"
