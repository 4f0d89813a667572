"""Released weights: float16 safetensors beside this file, one per operating point."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file

from codec.errors import SecoustiError
from codec.model import SecoustiModel
from codec.rates import Rate

WEIGHTS_DIR = Path(__file__).parent / "weights"


def packaged_weights(rate: Rate) -> Path:
    """Where the weights of ``rate`` lie in this package."""
    return WEIGHTS_DIR / f"{rate.name}.safetensors"


def load_weights(model: SecoustiModel, path: Path) -> None:
    """Fills ``model`` from ``path``; raises :class:`SecoustiError` when they do not fit."""
    if not path.is_file():
        raise SecoustiError(
            f"no codec weights at {path}: reinstall secousti, or train them with "
            "'secousti train codec' and pass their path"
        )
    try:
        values = load_file(path)
    except (SafetensorError, OSError) as error:
        raise SecoustiError(f"{path} is not a readable safetensors file ({error})") from error
    own = dict(model.named_parameters())
    foreign = [k for k, v in values.items() if k not in own or own[k].shape != v.shape]
    missing = own.keys() - values.keys()
    if foreign or missing:
        raise SecoustiError(
            f"{path} holds weights of another model than rate {model.rate.name}: "
            f"{len(missing)} tensors missing, {len(foreign)} foreign"
        )
    model.load_state_dict(values, strict=False)
