"""``secousti bench calls`` and ``soak``: a running server, measured by callers outside of it."""
