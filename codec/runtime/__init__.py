"""Runs the codec's two networks, packet by packet, for many callers at once.

One interface, :mod:`codec.runtime.backend`, and two ways behind it: ``torch`` steps the training
graph itself, on CPU or CUDA; ``onnx`` writes one streaming step of it as an ONNX graph
(:mod:`~codec.runtime.network`) and runs that in ONNX Runtime, the decoder in 8 bits if wished.
"""
