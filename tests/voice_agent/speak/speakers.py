"""A speaker that has learnt nothing, for tests of what is around it."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from codec.rates import LOW
from codec.speaking.net import PhoneNet


def untrained_speaker(folder: Path) -> Path:
    """A ``low`` speaker file of chance weights whose voice is codeword 77."""
    torch.manual_seed(0)
    path = folder / "say-low.safetensors"
    values = {name: value.half() for name, value in PhoneNet(LOW).state_dict().items()}
    save_file(values, path, metadata={"voice": "77"})
    return path
