"""Two processes train one model: same weights in both, from gradients of both."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
import torch
from torch import nn

from codec.rates import LOW
from tests.training.hum import BATCHES
from training.codec_trainer import Budget, CodecTrainer
from training.ranks import Ranks
from training.recipe import CODEC_STAGES


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def joined(rank: int, port: int) -> Ranks:
    os.environ |= {
        "RANK": str(rank),
        "WORLD_SIZE": "2",
        "LOCAL_RANK": str(rank),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    torch.set_num_threads(1)
    return Ranks.join()


def train_as(rank: int, port: int, out: Path) -> None:
    """Both ranks begin differently, see different crops, and step three times."""
    ranks = joined(rank, port)
    torch.manual_seed(rank)
    trainer = CodecTrainer(LOW, CODEC_STAGES[1:], out, ranks=ranks)
    limit = 3

    def crops(step: int, size: int):  # type: ignore[no-untyped-def]
        return BATCHES(10 * step + rank)

    # Rank 1 would go on for ever: rank 0 says when all stop.
    trainer.run(
        crops,
        Budget(1e6),
        lambda values: None,
        lambda: rank == 0 and trainer.progress.step >= limit,
    )
    torch.save([trainer.model.state_dict(), trainer.progress.step], out / f"rank-{rank}.pt")
    ranks.leave()


def average_as(rank: int, port: int, out: Path) -> None:
    ranks = joined(rank, port)
    used, unused = nn.Parameter(torch.ones(2, 3)), nn.Parameter(torch.ones(4))
    used.grad = torch.full((2, 3), float(rank + 1))
    ranks.average_gradients([used, unused])
    torch.save([used.grad, ranks.agree(7.0 + rank, "cpu")], out / f"rank-{rank}.pt")
    ranks.leave()


def both(work, out: Path) -> list[list]:  # type: ignore[no-untyped-def, type-arg]
    torch.multiprocessing.spawn(work, (free_port(), out), nprocs=2)  # type: ignore[no-untyped-call]
    return [torch.load(out / f"rank-{rank}.pt") for rank in (0, 1)]


def test_two_ranks_stay_one_model(tmp_path: Path) -> None:
    (ours, steps), (theirs, their_steps) = both(train_as, tmp_path)
    assert steps == their_steps == 3
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert (tmp_path / "checkpoint.pt").is_file()


def test_gradients_are_averaged_and_rank_0_decides(tmp_path: Path) -> None:
    for gradient, agreed in both(average_as, tmp_path):
        assert torch.equal(gradient, torch.full((2, 3), 1.5))
        assert agreed == 7.0


def test_alone_nothing_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    ranks = Ranks.join()
    assert (ranks.rank, ranks.count, ranks.leads) == (0, 1, True)
    assert ranks.agree(3.5, "cpu") == 3.5
    ranks.wait()
    ranks.leave()
