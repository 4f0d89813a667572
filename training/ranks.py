"""Training on many processes: every rank draws its own crops, all take the same step.

Started by ``torchrun``, which says through the environment who one is; alone otherwise. Gradients
are averaged after each backward pass, so that every replica of the networks stays the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True)
class Ranks:
    """This process among ``count``; rank 0 keeps the files."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    @classmethod
    def join(cls) -> Ranks:
        """Joins the processes that ``torchrun`` started; alone where it did not."""
        if "WORLD_SIZE" not in os.environ:
            return cls()
        gpu = torch.cuda.is_available()
        if gpu:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("nccl" if gpu else "gloo")
        return cls(dist.get_rank(), dist.get_world_size())

    def leave(self) -> None:
        """The end of the run, for all."""
        if self.count > 1:
            dist.destroy_process_group()

    def wait(self) -> None:
        """Until every rank has come this far."""
        if self.count > 1:
            dist.barrier()

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Everybody takes over rank 0's values, in place."""
        if self.count > 1:
            for tensor in tensors:
                dist.broadcast(tensor, src=0)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """The mean over all ranks, in one message."""
        if self.count == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        pieces = torch.split(flat, [gradient.numel() for gradient in gradients])
        for gradient, piece in zip(gradients, pieces, strict=True):
            gradient.copy_(piece.view_as(gradient))

    def agree(self, value: float, device: str) -> float:
        """Rank 0's value, for all: clocks and signals differ between processes."""
        if self.count == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=device)
        dist.broadcast(shared, src=0)
        return float(shared.item())
