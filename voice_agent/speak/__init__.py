"""Speaking: sentences become speech, and crisis scripts lie ready rendered."""

from voice_agent.speak.archive import ScriptArchive
from voice_agent.speak.settings import SpeakSettings
from voice_agent.speak.voice import Voice

__all__ = ["ScriptArchive", "SpeakSettings", "Voice"]
