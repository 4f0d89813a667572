"""What is known of one caller's pauses, or turns: their lengths are log-normal, and are learnt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import erfc, exp, log, pi, sqrt

LEAST_SHARE = 1e-9  # of lengths that are longer than any seen


@dataclass(frozen=True)
class Lengths:
    """Mean and spread (sigma) of the logarithm, from ``count`` lengths, a prior among them.

    Mean and variance are learnt as of a normal with its conjugate prior (Murphy, "Conjugate
    Bayesian analysis of the Gaussian distribution", 2007, section 3), by their likeliest values.
    """

    mean: float
    count: float
    squares: float  # summed deviations of the logarithm from the mean

    @classmethod
    def expected(cls, median: float, spread: float, count: float) -> Lengths:
        """Before any is seen; what is seen outweighs it after ``count`` lengths."""
        return cls(log(median), count, count * spread**2)

    def seen(self, length: float) -> Lengths:
        """With one more of them, above 0."""
        new = log(length)
        mean = self.mean + (new - self.mean) / (self.count + 1)
        squares = self.squares + (new - self.mean) * (new - mean)
        return replace(self, mean=mean, count=self.count + 1, squares=squares)

    def share_longer(self, length: float) -> float:
        """Of such lengths, how many are longer than ``length``; never quite none."""
        return max(LEAST_SHARE, erfc(self._deviation(length) / sqrt(2)) / 2)

    def hazard(self, length: float) -> float:
        """How likely one that has come to ``length`` ends there, per unit of length."""
        deviation = self._deviation(length)
        density = exp(-(deviation**2) / 2) / (sqrt(2 * pi) * self._spread * length)
        return density / self.share_longer(length)

    @property
    def _spread(self) -> float:
        return sqrt(self.squares / self.count)

    def _deviation(self, length: float) -> float:
        return (log(length) - self.mean) / self._spread
