"""Whole conversations on role cards (ESC-Eval), with a scripted seeker and rule scorers."""
