"""How well the ears tell the end of a turn from a pause for thought, on calls whose pauses are
known: they are composed of recorded and of synthetic speech."""
