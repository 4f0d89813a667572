"""The settings in force as the TOML file that would set them, each with its reason and source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from secousti.origins import Origins
from secousti.settings import Settings

HIDDEN = "**********"  # a secret's place: this goes to terminals, tickets and logs


def printed(settings: Settings, origins: Origins) -> str:
    """Every setting; those that are unset, or secret, as comments."""
    return "\n".join(_lines(settings, origins)) + "\n"


def _lines(settings: Settings, origins: Origins) -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        yield f"# {field.description}"
        value = getattr(settings, name)
        yield f"{_shown(name, value)}  # {origins.of(name)}"
        yield ""


def _shown(name: str, value: Any) -> str:
    if isinstance(value, SecretStr):
        return f'# {name} = "{HIDDEN if value.get_secret_value() else ""}"'
    text = toml_value(value)
    return f"# {name} =" if text is None else f"{name} = {text}"


def toml_value(value: Any) -> str | None:
    """A setting's value in TOML; None for one that is unset, which TOML has no word for."""
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case str() | Path():
            return _string(str(value))
        case _:
            return f"[{', '.join(str(toml_value(one)) for one in value)}]"


def _string(text: str) -> str:
    """A JSON string is a basic string of TOML, but for one character that must be escaped there."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
