"""The text mind's tables: every phrase, script and template is TOML in ``voice_agent/data``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from codec.errors import SecoustiError


@cache
def table(name: str) -> dict[str, Any]:
    """One TOML table of ``voice_agent/data`` by its path without suffix, e.g. ``guard/rules``.

    Raises:
        SecoustiError: the file is missing from the installation or is not valid TOML.
    """
    place = resources.files("voice_agent").joinpath("data", *f"{name}.toml".split("/"))
    try:
        return tomllib.loads(place.read_text(encoding="utf-8"))
    except (FileNotFoundError, tomllib.TOMLDecodeError) as fault:
        raise SecoustiError(
            f"The agent's table '{name}' cannot be read ({fault}); it ships inside the package, "
            "so reinstall secousti."
        ) from fault


def table_names(folder: str) -> tuple[str, ...]:
    """Names (without suffix) of the tables in one folder of ``voice_agent/data``, sorted."""
    place = resources.files("voice_agent").joinpath("data", folder)
    return tuple(sorted(p.name[:-5] for p in place.iterdir() if p.name.endswith(".toml")))
