"""What holds up every thread of a Python process at once, kept short: all callers wait for it."""

from __future__ import annotations

import gc
import sys

# How long a thread may go on in pure Python while the event loop or the engine wants to: Python's
# own 5 ms come on top of every hop of every frame.
SWITCH_S = 0.0005


def keep_pauses_short() -> None:
    """For a process that has loaded what it will need, and lives for its calls.

    The models and tables it has made are taken out of the garbage collector's sight: to look
    through them all takes 0.14 s, in which nobody hears anything.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_S)
