"""Helpers: a dialogue after some caller turns, and scripted callers for long conversations."""

from __future__ import annotations

from voice_agent.contracts import RiskState, Stage, ThinkingRecord, UserTurn
from voice_agent.think.dialogue import Dialogue, Draft
from voice_agent.think.thinking import think
from voice_agent.think.understand import Insight, Understander

WORDS = Understander()

WORK = [
    "My manager keeps adding late shifts and I can't sleep.",
    "I don't know, it's just too much. I snapped at my kids again last night.",
    "I feel guilty about it. They didn't do anything.",
    "It's been like this since September.",
    "No, nobody really knows. My wife thinks I'm fine.",
    "I guess I'm scared that if I say no they'll let me go.",
    "Yeah.",
    "What should I do?",
    "I could ask him for ten minutes on Friday.",
    "Yes, I will talk to him on Friday after the shift.",
]
GRIEF = [
    "My mom died in March.",
    "I keep reaching for the phone to call her.",
    "Everyone thinks I should be over it by now.",
    "My brother won't talk about it. We had a fight at the funeral.",
    "I cry in the car mostly.",
    "I don't know.",
    "I miss her so much",
    "My friend checks in on me.",
]
LONELY = [
    "I moved here two months ago for a job and I don't know anyone.",
    "I eat dinner alone every night. I feel like a loser.",
    "I tried a running group but nobody talked to me.",
    "Yes but I'm not good with people.",
    "I don't want advice.",
    "I used to have a lot of friends at home.",
    "Maybe I should call my old roommate.",
    "ok",
]
FLAT = [
    "yeah",
    "I don't know",
    "maybe",
    "it's hard",
    "no",
    "hm",
    "okay",
    "I guess so",
    "not really",
]


def dialogue(*said: str, drafts: tuple[Draft, ...] = ()) -> tuple[Dialogue, Insight]:
    """A dialogue after these caller turns, with these support replies already given."""
    talk = Dialogue()
    insight = WORDS.understand(UserTurn(""), 0)
    for number, text in enumerate(said):
        talk.turn = number
        insight = WORDS.understand(
            UserTurn(text), number, topic=talk.topic, permission_asked=talk.permission_asked
        )
        talk.hear(text, insight)
        if number < len(drafts):
            talk.drafts.append(drafts[number])
            talk.log.append(("agent", drafts[number].text))
    return talk, insight


def record(talk: Dialogue, insight: Insight) -> ThinkingRecord:
    return think(talk, insight, Stage.EXPLORATION, RiskState())
