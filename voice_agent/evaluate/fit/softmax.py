"""Multinomial logistic regression by L-BFGS: the one kind of head the agent has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from voice_agent.think.heads import Floats

STEPS = 120
FULL = 0.1  # a feature that more rows than this share have is kept full, the others sparse


def fit_softmax(
    x: Floats, y: NDArray[np.int64], weight: Floats, count: int, decay: Floats
) -> tuple[Floats, Floats]:
    """Weights [F, L] and bias [L] that minimise the weighted cross-entropy.

    Args:
        x: features [N, F]. y: labels [N], 0 to ``count`` - 1. weight: of each row [N].
        decay: L2 penalty of each feature [F].
    """
    full = (x != 0).mean(axis=0) > FULL
    order = np.concatenate([np.flatnonzero(full), np.flatnonzero(~full)])
    dense = torch.from_numpy(x[:, full])
    rare = torch.from_numpy(x[:, ~full]).to_sparse()
    gold = torch.from_numpy(y)
    share = torch.from_numpy(weight / weight.sum())
    penalty = torch.from_numpy(decay[order])[:, None]
    weights = torch.zeros(x.shape[1], count, requires_grad=True)
    bias = torch.zeros(count, requires_grad=True)
    solver = torch.optim.LBFGS([weights, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        solver.zero_grad()
        odds = dense @ weights[: dense.shape[1]] + rare @ weights[dense.shape[1] :] + bias
        wrong = torch.nn.functional.cross_entropy(odds, gold, reduction="none")
        total = (wrong * share).sum() + (penalty * weights.square()).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    solver.step(loss)  # type: ignore[no-untyped-call]
    found = np.zeros((x.shape[1], count), np.float32)
    found[order] = weights.detach().numpy()
    return found, bias.detach().numpy()


def balanced(
    labels: Sequence[str], groups: Sequence[str] | None = None, power: float = 1.0
) -> Floats:
    """Row weights [N] that even out labels, and half-way the groups that rows come from.

    Args:
        power: 1 evens labels out fully, 0 leaves them as they are.
    """
    groups = groups or labels
    sizes = Counter(zip(labels, groups, strict=True))
    rows = np.array([sizes[pair] ** -0.5 for pair in zip(labels, groups, strict=True)])
    for label, count in Counter(labels).items():
        own = np.array([other == label for other in labels])
        even = len(labels) / len(set(labels)) / count
        rows[own] *= count / rows[own].sum() * even**power
    return rows.astype(np.float32)


def common_terms(texts: Sequence[Collection[str]], groups: Sequence[str], least: int) -> list[str]:
    """Terms that at least ``least`` different groups use, sorted."""
    seen: dict[str, set[str]] = {}
    for terms, group in zip(texts, groups, strict=True):
        for term in terms:
            seen.setdefault(term, set()).add(group)
    return sorted(term for term, users in seen.items() if len(users) >= least)
