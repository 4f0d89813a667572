"""Entropy coding: a small causal prior of the tokens and the range coder that it drives.

For files and reliable carriers only: one lost byte makes all that follows unreadable. Packets on
the wire keep their fixed size.
"""
