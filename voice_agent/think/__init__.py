"""The text mind: from the caller's words to the agent's words, and why."""

from voice_agent.think.conversation import Conversation
from voice_agent.think.crisis_talk import crisis_scripts
from voice_agent.think.mind import Mind
from voice_agent.think.settings import ThinkSettings

__all__ = ["Conversation", "Mind", "ThinkSettings", "crisis_scripts"]
