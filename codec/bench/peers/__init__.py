"""Other people's codecs at low rates, run for real; each is optional."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codec.bench.peers.amrwb import amrwb_systems
from codec.bench.peers.base import PeerMissingError, System
from codec.bench.peers.codec2 import codec2_systems
from codec.bench.peers.lyra import lyra_systems
from codec.bench.peers.opus import opus_systems
from codec.bench.peers.speex import speex_systems
from codec.errors import SecoustiError


@dataclass(frozen=True)
class Found:
    """The systems that can run here, and one message for each family that cannot."""

    systems: Sequence[System]
    missing: Sequence[str]


def peer_families(lyra: Path | None = None) -> Mapping[str, Callable[[], Sequence[System]]]:
    """Each family's name and what builds its systems; ``lyra`` is the folder of Lyra's weights."""
    return {
        "opus": opus_systems,
        "codec2": codec2_systems,
        "speex": speex_systems,
        "amrwb": amrwb_systems,
        "lyra": lambda: lyra_systems(lyra),
    }


def find_peers(wanted: Sequence[str], lyra: Path | None = None) -> Found:
    """The peers named in ``wanted``: a family (``opus``) or one of its systems (``opus-6``).

    Raises :class:`SecoustiError` for a name that is neither; a family whose library, package or
    weights are not here is only reported in ``missing``.
    """
    families = peer_families(lyra)
    systems: list[System] = []
    missing = []
    for name in wanted:
        family = name.split("-")[0]
        if family not in families:
            raise SecoustiError(f"unknown peer {name!r}: choose from {', '.join(families)}")
        try:
            systems += _named(name, families[family]())
        except PeerMissingError as error:
            missing.append(f"{name} skipped: {error}")
    return Found(systems, missing)


def _named(name: str, systems: Sequence[System]) -> Sequence[System]:
    if "-" not in name:
        return systems
    matching = [system for system in systems if system.name == name]
    if not matching:
        known = ", ".join(system.name for system in systems)
        raise SecoustiError(f"unknown peer {name!r}: its family has {known}")
    return matching
