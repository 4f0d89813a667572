"""A server's metrics at one moment, and what has come between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Scrape:
    """Samples by name and labels."""

    samples: dict[tuple[str, Labels], float]

    @classmethod
    def of(cls, text: str) -> Scrape:
        """The scrape that Prometheus's text format says."""
        return cls(
            {
                (sample.name, frozenset(sample.labels.items())): sample.value
                for family in text_string_to_metric_families(text)
                for sample in family.samples
            }
        )

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of ``name`` that have these labels; 0.0 where there is none."""
        wanted = labels.items()
        return sum(
            value
            for (found, of), value in self.samples.items()
            if found == name and wanted <= dict(of).items()
        )

    def since(self, before: Scrape) -> Scrape:
        """What has been counted since ``before``; gauges, as differences, mean nothing in it."""
        return Scrape(
            {key: value - before.samples.get(key, 0.0) for key, value in self.samples.items()}
        )

    def buckets(self, name: str, **labels: str) -> dict[float, float]:
        """A histogram's counts up to each upper edge, labels that are not named summed."""
        edges: dict[float, float] = {}
        for (found, of), value in self.samples.items():
            label = dict(of)
            if found == f"{name}_bucket" and labels.items() <= label.items():
                edge = float(label["le"])
                edges[edge] = edges.get(edge, 0.0) + value
        return dict(sorted(edges.items()))

    def quantile(self, name: str, q: float, **labels: str) -> float | None:
        """The ``q`` quantile of a histogram, by straight lines inside its buckets; None when it is
        empty. What lies beyond the last finite edge counts as that edge."""
        edges = self.buckets(name, **labels)
        total = max(edges.values(), default=0.0)
        if not total:
            return None
        rank, points = q * total, [(0.0, 0.0), *edges.items()]
        for (low, below), (high, upto) in pairwise(points):
            if upto >= rank and upto > below:
                if high == float("inf"):
                    return low
                return low + (high - low) * (rank - below) / (upto - below)
        return points[-1][0]
