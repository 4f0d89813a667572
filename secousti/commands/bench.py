"""``secousti bench``: the words are the codec benchmark's own; the ear it measures with is lent.

The codec may not know of the agent's recogniser, so the command hands it over as a callable.
"""

from __future__ import annotations

from secousti.commands.words import Subparsers

NAME = "bench"
SUMMARY = "Measure the codec against others: quality, words kept, speed"
