"""A point between two runs lies where the share says, and nothing else is blended."""

from __future__ import annotations

import pytest
import torch

from codec.errors import SecoustiError
from codec.weights import read_weights
from training.blend import blend, main
from training.checkpoint import save_checkpoint


@pytest.fixture
def runs(tmp_path):
    for name, value in (("a", 1.0), ("b", 3.0)):
        save_checkpoint(tmp_path / f"{name}.pt", {"average": {"w": torch.full((2, 3), value)}})
    return tmp_path


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.25, 1.5), (1.0, 3.0)])
def test_the_share_is_that_of_the_later_run(runs, share, value):
    blend(runs / "a.pt", runs / "b.pt", runs / "out.safetensors", share)
    assert torch.all(read_weights(runs / "out.safetensors")["w"] == value)


def test_other_networks_other_files_and_other_shares_are_refused(runs):
    save_checkpoint(runs / "c.pt", {"average": {"w": torch.zeros(3)}})
    save_checkpoint(runs / "d.pt", {"model": {}})
    out = runs / "out.safetensors"
    for words, says in (
        (("a.pt", "c.pt"), "same network"),
        (("a.pt", "d.pt"), "no checkpoint of"),
        (("a.pt", "none.pt"), "no checkpoint at"),
    ):
        with pytest.raises(SecoustiError, match=says):
            blend(runs / words[0], runs / words[1], out, 0.5)
    fault = main([str(runs / "a.pt"), str(runs / "b.pt"), str(out), "--share", "2"])
    assert fault is not None
    assert "from 0 to 1" in fault
    assert not out.exists()
