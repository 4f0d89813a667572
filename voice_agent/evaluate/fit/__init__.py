"""Fitting of the learnt heads: ``python -m voice_agent.evaluate.fit NAME``."""
