"""Listeners' opinion predicted from the decoded signal alone: DNSMOS and DistillMOS.

Both carry their weights inside their packages and are optional. Each ``load_*`` returns a function
from a waveform float32 ``[T]`` at 16 kHz to a mean opinion score, or ``None`` where the package is
missing.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import importlib.util
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from codec.bench.metrics.intrusive import UnscoredError, Wave

Opinion = Callable[[Wave], float]

DNSMOS_SAMPLES = int(9.01 * 16_000)  # the window its network was trained on
DNSMOS_HOP_SAMPLES = 16_000
# Raw network output -> P.835 overall score, from the DNSMOS authors' calibration.
DNSMOS_OVERALL = np.poly1d([-0.06766283, 1.11546468, 0.04602535])


def package_folder(name: str) -> Path | None:
    """Where package ``name`` is installed, found without importing it; ``None`` if it is not."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def load_dnsmos() -> Opinion | None:
    """DNSMOS P.835 overall score, 1 to 5, from the model file inside ``speechmos``.

    The file is run directly: the package's own code imports librosa for a score not used here.
    """
    folder = package_folder("speechmos")
    if folder is None:
        return None
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        folder / "dnsmos_models" / "sig_bak_ovr.onnx", options, providers=["CPUExecutionProvider"]
    )

    def opinion(wave: Wave) -> float:
        raw = [session.run(None, {"input_1": part[None]})[0][0][2] for part in dnsmos_parts(wave)]
        return float(np.mean(DNSMOS_OVERALL(np.asarray(raw))))

    return opinion


def dnsmos_parts(wave: Wave) -> list[Wave]:
    """The 9.01 s windows of ``wave`` ``[T]``, 1 s apart; a shorter signal is repeated."""
    if len(wave) == 0:
        raise UnscoredError("DNSMOS has no value for an empty signal")
    while len(wave) < DNSMOS_SAMPLES:
        wave = np.concatenate([wave, wave])
    wave = np.clip(wave, -1, 1).astype(np.float32)
    starts = range(0, len(wave) - DNSMOS_SAMPLES + 1, DNSMOS_HOP_SAMPLES)
    return [wave[start : start + DNSMOS_SAMPLES] for start in starts]


def load_distillmos() -> Opinion | None:
    """DistillMOS (Stahl and Gamper, 2025), 1 to 5, with the weights inside ``distillmos``."""
    if package_folder("distillmos") is None or package_folder("xls_r_sqa") is None:
        return None
    with _torchaudio_stand_in(), contextlib.redirect_stdout(io.StringIO()):
        model = importlib.import_module("distillmos").ConvTransformerSQAModel()
    model.eval()

    def opinion(wave: Wave) -> float:
        if not np.any(wave):
            raise UnscoredError("DistillMOS has no value for silence")
        with torch.inference_mode():
            return float(model(torch.from_numpy(np.ascontiguousarray(wave))[None]))

    return opinion


@contextlib.contextmanager
def _torchaudio_stand_in() -> Iterator[None]:
    """Let ``distillmos`` be imported without torchaudio, which only its command line uses."""
    if "torchaudio" in sys.modules or package_folder("torchaudio") is not None:
        yield
        return
    stand_in = ModuleType("torchaudio")
    stand_in.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
    sys.modules["torchaudio"] = stand_in
    try:
        yield
    finally:
        del sys.modules["torchaudio"]
