"""Sentence vectors: the MiniLM encoder as plain matrix products over its safetensors file.

The model is sentence-transformers/all-MiniLM-L6-v2: six post-norm BERT layers, mean pooling, unit
length. It is 60 lines here because the library that usually runs it would import a whole model zoo.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from voice_agent import assets

WIDTH = 384
LAYERS = 6
HEADS = 12
NORM_EPS = 1e-12
MAX_TOKENS = 256  # what the published model was trained and evaluated with


class SentenceVectors:
    """Callable ``texts -> float32 [N, 384]``, rows of unit length; thread-safe, shared by calls."""

    def __init__(self, weights: dict[str, Tensor], tokenizer: Tokenizer) -> None:
        self._weights = weights
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, path: Path | None = None) -> SentenceVectors:
        """Load a folder with ``model.safetensors`` and ``tokenizer.json``, else the carrier's.

        Raises :class:`~codec.errors.SecoustiError` when neither is there.
        """
        weights, tokenizer_json = assets.locate(assets.SENTENCE_VECTORS, path)
        tokenizer = Tokenizer.from_file(str(tokenizer_json))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.enable_padding()
        return cls(load_file(weights), tokenizer)

    @torch.inference_mode()
    def __call__(self, texts: list[str]) -> NDArray[np.float32]:
        """Unit vectors of ``texts``, ``[N, 384]``; an empty list gives ``[0, 384]``."""
        if not texts:
            return np.zeros((0, WIDTH), np.float32)
        encoded = self._tokenizer.encode_batch(texts)
        ids = torch.tensor([item.ids for item in encoded])  # [N, T]
        mask = torch.tensor([item.attention_mask for item in encoded])  # [N, T]
        hidden = self._encode(ids, mask)  # [N, T, 384]
        weight = mask[..., None].to(hidden.dtype)
        pooled = (hidden * weight).sum(1) / weight.sum(1)
        vectors: NDArray[np.float32] = F.normalize(pooled, dim=-1).numpy()
        return vectors

    def _encode(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Token ids ``[N, T]`` and their mask to hidden states ``[N, T, 384]``."""
        table = self._weights
        positions = table["embeddings.position_embeddings.weight"][: ids.shape[1]]
        hidden = (
            F.embedding(ids, table["embeddings.word_embeddings.weight"])
            + positions
            + table["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._norm(hidden, "embeddings.LayerNorm")
        visible = mask[:, None, None, :].bool()
        for layer in range(LAYERS):
            hidden = self._layer(hidden, visible, f"encoder.layer.{layer}.")
        return hidden

    def _layer(self, hidden: Tensor, visible: Tensor, name: str) -> Tensor:
        """One post-norm transformer layer, ``[N, T, 384] -> [N, T, 384]``."""
        batch, length, _ = hidden.shape
        query, key, value = (
            self._linear(hidden, f"{name}attention.self.{part}")
            .view(batch, length, HEADS, -1)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=visible)
        mixed = mixed.transpose(1, 2).reshape(batch, length, WIDTH)
        attended = self._linear(mixed, f"{name}attention.output.dense")
        hidden = self._norm(hidden + attended, f"{name}attention.output.LayerNorm")
        inner = F.gelu(self._linear(hidden, f"{name}intermediate.dense"))
        outer = self._linear(inner, f"{name}output.dense")
        return self._norm(hidden + outer, f"{name}output.LayerNorm")

    def _linear(self, inputs: Tensor, name: str) -> Tensor:
        return F.linear(inputs, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, inputs: Tensor, name: str) -> Tensor:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return F.layer_norm(inputs, (WIDTH,), weight, bias, NORM_EPS)
