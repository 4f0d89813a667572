"""The metrics of several servers as one page, each number with the server it is of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

LABEL = "replica"


class Answers:
    """What servers answered, by server, as a collector's families."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self._answers = answers

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for server, text in self._answers.items():
            for found in text_string_to_metric_families(text):
                whole = Metric(found.name, found.documentation, found.type)
                family = families.setdefault(found.name, whole)
                for sample in found.samples:
                    labels = {**sample.labels, LABEL: server}
                    family.add_sample(sample.name, labels, sample.value)
        yield from families.values()


def merged(answers: Mapping[str, str]) -> bytes:
    """One page in Prometheus' text format; ``answers`` are such pages by server."""
    return generate_latest(Answers(answers))
