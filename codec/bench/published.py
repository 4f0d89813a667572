"""PESQ-WB that other papers print for their codecs: quoted for the plot, never measured here.

All but the first are on LibriSpeech test-clean, read from the codec's own paper or from a later
paper's table. SecoustiCodec's are on its authors' own test mixture and leave out the bits of its
global voice vector, so its place on the rate axis is a lower bound.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One codec's printed points: ``(kbps, PESQ-WB)`` in order of rate."""

    name: str
    source: str
    streaming: bool
    points: tuple[tuple[float, float], ...]


PUBLISHED = (
    Published(
        "SecoustiCodec (paper)", "arXiv 2508.02849, table I", True, ((0.273, 1.77), (1.092, 2.58))
    ),
    Published("Mimi", "arXiv 2410.00037", True, ((0.6875, 1.87), (1.1, 2.25), (2.2, 2.88))),
    Published("EnCodec", "arXiv 2210.13438", True, ((1.5, 1.56),)),
    Published("MagiCodec", "arXiv 2506.00385", True, ((0.85, 2.56), (1.7, 3.00))),
    Published("WavTokenizer", "arXiv 2408.16532", False, ((0.48, 1.62), (0.9, 2.14))),
    Published("BigCodec", "arXiv 2409.05377", False, ((1.04, 2.68),)),
)
