"""Tests of :mod:`training.probes`."""
