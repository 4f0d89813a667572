"""``secousti export``: the codec as ONNX files, for browsers and other runtimes."""

from __future__ import annotations

import argparse
from pathlib import Path

from secousti.commands.words import Subparsers, add_config, add_rate, add_weights, describe

TEXT = """\
Writes encoder.onnx and decoder.onnx, each one streaming step of one packet for any number of
callers, and codec.json: shapes, packet layout, and what every column of the state belongs to.

  secousti export --rate low --out web/codec
  secousti export --out small --compact
  secousti export --out small --int8

--compact stores weights in the smallest exact form, to be unpacked when they are loaded: about a
third of the size, the same sound. --int8 makes the decoder compute in 8 bits; it then needs a
runtime with the operator MatMulNBits, such as onnxruntime itself.
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "export", "Write the codec as ONNX files", TEXT)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where they go")
    parser.add_argument("--int8", action="store_true", help="the decoder's large weights in 8 bits")
    parser.add_argument("--compact", action="store_true", help="small files, the same numbers")
    add_rate(parser)
    add_weights(parser)
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from codec import SecoustiError, load_codec
    from secousti.settings import load_settings

    try:
        from codec.runtime.export import export_graphs
    except ImportError as fault:
        raise SecoustiError(f"exporting needs the package {fault.name}: install it") from fault
    settings = load_settings(args.config, rate=args.rate, weights=args.weights)
    model = load_codec(settings.rate, weights=settings.weights, backend="torch").model
    try:
        paths = export_graphs(model, args.out, args.int8, args.compact)
    except OSError as fault:
        reason = fault.strerror or fault
        raise SecoustiError(f"cannot write {args.out}: {reason}; choose another folder") from fault
    for path in paths:
        print(f"{path}: {path.stat().st_size:,} bytes")
    return 0
