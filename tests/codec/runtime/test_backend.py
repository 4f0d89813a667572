"""Which backend runs, and what is said when one cannot."""

from __future__ import annotations

import logging
import sys

import pytest
import torch

from codec.codec import Codec
from codec.errors import SecoustiError
from codec.model import SecoustiModel, seeded_model
from codec.rates import HIGH
from codec.runtime import backend as choosing
from codec.runtime.backend import open_backend


@pytest.fixture(scope="module")
def model() -> SecoustiModel:
    return seeded_model(HIGH)


@pytest.fixture
def without_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "codec.runtime.onnx_backend", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    choosing._warn.cache_clear()


@pytest.mark.parametrize(
    ("asked", "got"),
    [("auto", "onnx"), ("onnx", "onnx"), ("onnx-fp32", "onnx-fp32"), ("torch", "torch")],
)
def test_the_backend_asked_for(model: SecoustiModel, asked: str, got: str) -> None:
    assert open_backend(model, asked).name == got


def test_an_unknown_name_is_told(model: SecoustiModel) -> None:
    with pytest.raises(SecoustiError, match="unknown backend 'tpu': choose one of auto, onnx"):
        open_backend(model, "tpu")


def test_torch_takes_over_with_one_warning(
    model: SecoustiModel, without_onnxruntime: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        codecs = [Codec(model, "auto"), Codec(model, "auto")]
    assert [codec.backend.name for codec in codecs] == ["torch", "torch"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert codecs[0].decode(codecs[0].encode(torch.zeros(1600))).shape == (1, 1600)


def test_a_named_backend_that_cannot_run_is_told(
    model: SecoustiModel, without_onnxruntime: None
) -> None:
    with pytest.raises(SecoustiError, match=r"backend onnx cannot run on cpu .*pip install"):
        open_backend(model, "onnx")


@pytest.mark.parametrize("name", ["torch", "onnx", "auto"])
def test_a_device_that_is_not_there_is_told(model: SecoustiModel, name: str) -> None:
    with pytest.raises(SecoustiError, match="no device 'abacus'"):
        open_backend(model, name, "abacus")
