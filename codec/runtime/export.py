"""The graphs as files, for browsers and other runtimes: two ONNX files and what they mean."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from codec.model import SecoustiModel
from codec.rates import DELAY_SAMPLES, SAMPLE_RATE_HZ, VOICE_BITS, Rate
from codec.runtime.graph import OPSET, StateLayout
from codec.runtime.network import decoder_graph, encoder_graph

STATE_RULE = (
    "float32 [batch, width]; zeros are silence and begin a stream; feed state_after of one step "
    "as state of the next; each row is one caller's"
)
VOICE_RULE = (
    "the encoder gives a codeword at every step; packet k carries it if k is voice_first_packet "
    "or comes a whole number of voice_period_packets later; the decoder takes the last one "
    "carried, -1 before the first"
)


def export_graphs(
    model: SecoustiModel, folder: Path, int8: bool = False, compact: bool = False
) -> list[Path]:
    """Writes the files of :func:`graph_files` into ``folder``; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in graph_files(model, int8, compact).items():
        paths.append(folder / name)
        paths[-1].write_bytes(content)
    return paths


def graph_files(
    model: SecoustiModel, int8: bool = False, compact: bool = False
) -> dict[str, bytes]:
    """``encoder.onnx``, ``decoder.onnx`` and ``codec.json`` as bytes.

    A decoder in ``int8`` computes in 8 bits and needs a runtime with onnxruntime's operator
    ``MatMulNBits``. ``compact`` graphs are small to carry and compute in float32.
    """
    facts, files = rate_facts(model.rate), {}
    graphs = {
        "encoder": encoder_graph(model, compact),
        "decoder": decoder_graph(model, int8, compact),
    }
    for name, (graph, layout) in graphs.items():
        content = files[f"{name}.onnx"] = graph.SerializeToString()
        facts[name] = {
            "file": f"{name}.onnx",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "state": state_facts(layout),
        }
    facts |= {"opset": OPSET, "int8": int8}
    files["codec.json"] = (json.dumps(facts, indent=2) + "\n").encode()
    return files


def rate_facts(rate: Rate) -> dict[str, Any]:
    """What a program must know to make packets of the codes, and sound of the packets."""
    carrying = [k for k in range(1000) if rate.carries_voice(k)]
    return {
        "rate": rate.name,
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "packet_samples": rate.packet_samples,
        "tokens_per_packet": rate.tokens_per_packet,
        "token_bits": rate.token_bits,
        "voice_bits": VOICE_BITS,
        "voice_first_packet": carrying[0],
        "voice_period_packets": carrying[1] - carrying[0],
        "voice_rule": VOICE_RULE,
        "delay_samples": DELAY_SAMPLES,
        "state_rule": STATE_RULE,
    }


def state_facts(layout: StateLayout) -> dict[str, Any]:
    """The state's width and which columns belong to which layer."""
    return {"width": layout.width, "fields": layout.as_json()}
