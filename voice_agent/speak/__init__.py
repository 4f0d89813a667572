"""Speaking: the agent's text in, speech at 16 kHz out."""

from voice_agent.speak.prerender import play
from voice_agent.speak.settings import SpeakSettings
from voice_agent.speak.voice import Voice

__all__ = ["SpeakSettings", "Voice", "play"]
