"""Work that may wait a moment: recognising, thinking and speaking ahead of what is being heard.

It comes in pieces of tens of milliseconds; what carries sound needs a few, but at once. A thread
that has said so leaves the processor to those as soon as they want it.
"""

from __future__ import annotations

import os
import sys

# A third of the others' share where all want a core. At 10, a tenth, callers' sound was no sooner,
# and answers were later.
NICER = 5


def in_background() -> None:
    """Lowers the priority of the calling thread, for good; where a priority is not a thread's own
    but the process's (anywhere but on Linux) it stays as it is."""
    if sys.platform == "linux":
        os.nice(NICER)
