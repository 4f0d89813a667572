"""The front door: the command line, settings, the microphone client and the demo call."""
