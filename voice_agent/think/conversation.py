"""One caller's conversation: the turn pipeline from words heard to words to say.

    guard in -> understand -> stage -> think -> plan -> write -> guard out

No audio, no sockets; time comes in as a clock. The crisis path runs first and needs nothing but
tables: with sentence vectors, writer and endpoint all failing it says the same words.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from voice_agent.contracts import (
    Memory,
    Mode,
    Reply,
    RiskLevel,
    RiskState,
    SessionReport,
    Stage,
    StageEstimate,
    Strategy,
    StrategyPlan,
    ThinkingRecord,
    UserTurn,
)
from voice_agent.think import crisis
from voice_agent.think.activity import Activities, Moment, Move
from voice_agent.think.attempt import attempt
from voice_agent.think.boundary import Cue, boundary_cue
from voice_agent.think.call_manners import GRAVE, CallManners
from voice_agent.think.composer import compose
from voice_agent.think.correction import acknowledged, correction_in
from voice_agent.think.crisis_talk import CrisisTalk, Line
from voice_agent.think.dialogue import Dialogue, Draft
from voice_agent.think.duties import Duties, least_said
from voice_agent.think.guard_in import Alarm
from voice_agent.think.guard_out import codes_of
from voice_agent.think.leads import acknowledgement
from voice_agent.think.locale import Locale
from voice_agent.think.mi import sentences
from voice_agent.think.mind import Mind
from voice_agent.think.persona import Persona
from voice_agent.think.prompts import risk_of, told_by_endpoint, with_notes
from voice_agent.think.rapport import Rapport
from voice_agent.think.saying import Saying
from voice_agent.think.session_report import session_report
from voice_agent.think.stage import signals
from voice_agent.think.tables import table
from voice_agent.think.thinking import summary
from voice_agent.think.understand import Insight
from voice_agent.think.writer import Brief, safe_drafts

UNCLEAR_CONFIDENCE = 0.3  # below this the caller is asked to say it again
TO_US = ("human", "injection", "recording", "minor")  # cues that no rehearsed line is taken for


class Conversation(CallManners, Saying):
    """One call. Not thread-safe; calls share only their :class:`Mind`.

    ``last_thinking``, ``last_plan``, ``stage`` and ``risk`` tell how the last reply came about.
    """

    def __init__(
        self,
        mind: Mind,
        *,
        clock: Callable[[], float],
        locale: str = "US",
        seed: int = 0,
        risk: RiskState | None = None,
        memories: Sequence[Memory] | None = None,
        persona: Persona | None = None,
        activities: dict[str, Any] | None = None,
        date: Callable[[], float] = time.time,
    ) -> None:
        """Args:
            clock: seconds, any origin. locale: whose crisis resources are named. seed: of the
                choice among equal wordings. risk: kept from this caller's earlier calls.
            memories: kept from them with consent; None: nobody keeps any, so none are offered.
            persona: whose style is spoken; None: the house voice. date: Unix time in seconds.
            activities: their state in a call that broke off, which is offered again.

        Raises:
            SecoustiError: there are no resources for the locale.
        """
        # A watched turn is one of the call that it was in: turns are counted anew.
        self.risk = replace(risk, watched=-1) if risk else RiskState()
        self.last_thinking = ThinkingRecord(Stage.EXPLORATION)
        self.last_plan: StrategyPlan | None = None
        self._mind = mind
        self._locale = Locale.load(locale)
        self._rng = random.Random(seed)
        self._dialogue = Dialogue()
        self._tracker = mind.tracker()
        self.activities = Activities(mind.activities, self._rng)
        self._broke_off = self.activities.take_up(activities, calm=not self.risk.level.rank)
        self._crisis = CrisisTalk(self._locale, returning=self.risk.level is not RiskLevel.NONE)
        self._duties = Duties(clock, mind.settings, self._rng)
        self._rapport = Rapport(mind, self._dialogue, persona, memories, self._rng, date)
        self._once: set[str] = set()
        self._replies: list[Reply] = []
        self._risk_before_line = self.risk
        self._script = None
        self._highest = self.risk.level
        self.rest = None

    @property
    def memories(self) -> tuple[Memory, ...]:
        """What may be kept for this caller's next call: all of it, and nothing but it."""
        return self._rapport.memories

    @property
    def persona(self) -> Persona | None:
        """Whose style is spoken now."""
        return self._rapport.persona

    @property
    def stage(self) -> StageEstimate:
        return self._tracker.estimate

    # ------------------------------------------------------------------ what the caller's side does

    def open(self) -> Reply:
        """The greeting, which says that this is an AI."""
        self._duties.opened()
        return self._say(self._rapport.opening(self._broke_off), Strategy.OTHERS)

    def begin(self, turn: UserTurn) -> Reply:
        """The reply to one caller turn, as far as it may be said already.

        Blocking; bounded by the endpoint's deadlines.
        """
        self._dialogue.turn += 1
        number = self._dialogue.turn
        if not turn.text.strip():
            return self._say(self._unused("silence"), Strategy.OTHERS)
        answer = crisis.answer_of(turn.text)
        alarm = crisis.weighed(self.risk, self._mind.listen(turn.text), answer, number)
        self._set_risk(crisis.after_turn(self.risk, alarm, self._crisis.asked, answer, number))
        fresh = alarm.level is not RiskLevel.NONE
        line = self._crisis.line(self.risk, turn.text, answer, number, fresh=fresh)
        insight = self._take_in(turn, number)
        if line is not None:
            self.activities.interrupt()
            cue = boundary_cue(turn.text)
            leaving = cue is not None and cue.name == "goodbye"
            return self._goodbye(cue) if cue and leaving else self._say_script(line)
        if insight is None:
            return self._say_draft(next(safe_drafts(self._dialogue.spoken)), consent=False)
        moment = Moment(turn, number, insight, self.last_thinking, self.stage.stage)
        talk = (
            self._between_us(moment, alarm)
            or self._courtesy(turn)
            or self._together(moment)
            or self._corrected(moment)
        )
        return talk or self._support(moment)

    def report(self) -> SessionReport:
        """Counts of the call so far; no words."""
        return session_report(
            self._dialogue.turn + 1,
            self._replies,
            self.risk,
            highest=self._highest,
            disclosed=self._duties.disclosed,
            activities=self.activities.report(),
        )

    # ------------------------------------------------------------------ understanding

    def _take_in(self, turn: UserTurn, number: int) -> Insight | None:
        """Understand, track the stage and think; None where understanding itself fails."""
        dialogue = self._dialogue
        insight = attempt(
            "understanding",
            lambda: self._mind.understander.understand(
                turn, number, topic=dialogue.topic, permission_asked=dialogue.permission_asked
            ),
        )
        if insight is None:
            dialogue.log.append(("caller", turn.text))
            return None
        if self.activities.rehearsing:
            dialogue.log.append(("caller", turn.text))
            return insight
        dialogue.hear(turn.text, insight)
        learnt = self._mind.stage_shares(dialogue, insight)
        self._tracker.update(signals(dialogue, insight), number, self.risk.level, learnt)
        stage, conclude = self.stage.stage, self._mind.record
        record = attempt("thinking", lambda: conclude(dialogue, insight, stage, self.risk))
        self.last_thinking = record or ThinkingRecord(stage)
        return insight

    def _deepen(self) -> None:
        """Ask an endpoint for private notes, within its deadline; it may raise the risk."""
        notes = attempt("the endpoint", lambda: self._mind.notes(self._dialogue))
        if notes is None:
            return
        self.last_thinking = with_notes(self.last_thinking, notes)
        level = risk_of(notes)
        if level.rank > self.risk.level.rank:
            kind, number = "suicidal_ideation", self._dialogue.turn
            self._set_risk(crisis.raised(self.risk, level, kind, ("endpoint",), number))

    def _set_risk(self, risk: RiskState) -> None:
        self.risk = risk
        self._highest = max(self._highest, risk.level, key=lambda level: level.rank)

    # ------------------------------------------------------------------ kinds of reply

    def _between_us(self, moment: Moment, alarm: Alarm) -> Reply | None:
        """A wish for another style, or a word on what is remembered; not amid an activity."""
        alarmed = alarm.level is not RiskLevel.NONE or self.risk.level is not RiskLevel.NONE
        take = partial(self._rapport.take, moment, alarmed=alarmed)
        said = None if self.activities.current else attempt("rapport", take)
        if said is None:
            return None
        if said.forgets:
            self.last_thinking = ThinkingRecord(self.stage.stage)
        farewell = f" {self._courteous('goodbye')}" if said.closes else ""
        return self._say(f"{said.text}{farewell}", Strategy.OTHERS, end_call=said.closes)

    def _courtesy(self, turn: UserTurn) -> Reply | None:
        """Boundary cues, goodbyes, requests about the call itself, and turns not understood."""
        cue = boundary_cue(turn.text)
        if cue is not None and self.activities.rehearsing and cue.name not in TO_US:
            return None
        if cue is None or cue.name in self._once:
            unclear = turn.asr_conf < UNCLEAR_CONFIDENCE
            return self._say(self._unused("unclear"), Strategy.OTHERS) if unclear else None
        if cue.name == "minor":
            self._once.add(cue.name)
        if cue.name == "goodbye":
            return self._goodbye(cue)
        if cue.name == "summary":
            self._dialogue.summed_up = self._dialogue.turn
            return self._say(summary(self._dialogue, self.last_thinking), Strategy.RESTATEMENT)
        if cue.name == "repeat":
            return self._repeat()
        if cue.name == "forget":
            self._dialogue.forget()
            self.last_thinking = ThinkingRecord(self.stage.stage)
        return self._say(self._courteous(cue.name, cue.say), Strategy.OTHERS)

    def _goodbye(self, cue: Cue) -> Reply:
        """At risk, one kind check first, and the line is never closed from our side."""
        first = "farewell" not in self._once
        self._once.add("farewell")
        grave = self.risk.level.rank >= RiskLevel.HIGH.rank
        if grave or (first and self.risk.level is RiskLevel.LOW):
            return self._say_script(self._crisis.farewell(self.risk))
        question = self._rapport.farewell(self.risk.level, self._dialogue.turn)
        if question:
            return self._say(question, Strategy.QUESTION)
        return self._say(self._courteous("goodbye"), Strategy.OTHERS, end_call=cue.ends)

    def _repeat(self) -> Reply:
        if not self._replies:
            return self._say(self._unused("unclear"), Strategy.OTHERS)
        last = self._replies[-1]
        return self._say(last.text, last.strategy, last.mode, script_id=last.script_id)

    def _corrected(self, moment: Moment) -> Reply | None:
        """The caller puts right what was understood: it is changed, and said so."""
        just_said = self._dialogue.summed_up == moment.number - 1
        correction = correction_in(moment.insight, summed_up=just_said)
        if correction is None:
            return None
        self._dialogue.correct(correction)
        newest, stage = self._dialogue.insights[-1], self.stage.stage
        self.last_thinking = self._mind.record(self._dialogue, newest, stage, self.risk)
        return self._say(acknowledged(correction, moment.number), Strategy.RESTATEMENT)

    def _together(self, moment: Moment) -> Reply | None:
        """The reply of what is being done together, if anything is."""
        move = attempt("an activity", lambda: self.activities.take(moment))
        if move is not None and move.raises is not None:
            return self._alarmed(move.raises, moment)
        return self._say(move.text, move.strategy, move.mode) if move else None

    def _alarmed(self, level: RiskLevel, moment: Moment) -> Reply:
        """An activity learnt of danger: the crisis path goes on from there."""
        self.activities.interrupt()
        kind = "suicidal_ideation"
        self._set_risk(crisis.raised(self.risk, level, kind, ("self-report",), moment.number))
        line = self._crisis.line(
            self.risk, moment.turn.text, crisis.Answer.UNCLEAR, moment.number, fresh=True
        )
        return self._say_script(line) if line else self._support(moment)

    def _support(self, moment: Moment) -> Reply:
        """The ordinary reply: plan, write, check; or the offer of something to do together."""
        turn, insight = moment.turn, moment.insight
        self._deepen()
        if self.last_thinking.source == "endpoint":
            answer = crisis.answer_of(turn.text)
            line = self._crisis.line(
                self.risk, turn.text, answer, self._dialogue.turn, fresh=told_by_endpoint(self.risk)
            )
            if line is not None:
                return self._say_script(line)
        offer = self._offer(moment)
        if offer is not None:
            return self._say_draft(Draft(offer.text, offer.strategy), consent=False)
        concern = crisis.concern(self.risk, moment.number)
        plan = self._mind.planner.plan(self._dialogue, insight, self.stage, concern)
        self.last_plan = plan
        brief = Brief(self._dialogue, insight, self.stage, plan, self.last_thinking, self.persona)
        draft, rest = compose(self._mind, brief, self._locale.numbers(), self._rng)
        self._note_offers(draft)
        front = partial(self._rapport.in_front, moment, self.risk.level, draft.text)
        before = attempt("rapport", front) or ""
        reply = self._say_draft(draft, consent=insight.record.consent, before=before)
        return self._goes_on(reply, rest) if rest else reply

    def _offer(self, moment: Moment) -> Move | None:
        """Something to do together; not at risk, nor as a third question in a row."""
        asked = [reply for reply in self._replies[-2:] if "?" in reply.text]
        if crisis.concern(self.risk, moment.number) is not RiskLevel.NONE or len(asked) == 2:
            return None
        offer = attempt("an offer", lambda: self.activities.offer(moment))
        words, _ = acknowledgement(self._dialogue, moment.insight, self._rng) if offer else ("", ())
        return replace(offer, text=f"{words} {offer.text}") if offer and words else offer

    # ------------------------------------------------------------------ saying

    def _say_script(self, line: Line) -> Reply:
        self._risk_before_line = self.risk
        given = (line.resource,) if line.resource else ()
        self.risk = replace(
            self.risk,
            asked_directly=self.risk.asked_directly or line.asks in crisis.ASKS_ABOUT_DEATH,
            resources_given=tuple(dict.fromkeys((*self.risk.resources_given, *given))),
        )
        strategy = Strategy.QUESTION if "?" in line.text else Strategy.OTHERS
        mode = Mode.HANDOFF if self.risk.level is RiskLevel.IMMINENT else Mode.CRISIS
        return self._say(line.text, strategy, mode, script_id=line.id)

    def _say_draft(self, draft: Draft, *, consent: bool, before: str = "") -> Reply:
        return self._say(draft.text, draft.strategy, draft=draft, consent=consent, before=before)

    def _say(
        self,
        text: str,
        strategy: Strategy,
        mode: Mode = Mode.SUPPORT,
        *,
        draft: Draft | None = None,
        consent: bool = False,
        before: str = "",
        script_id: str | None = None,
        end_call: bool = False,
    ) -> Reply:
        self._drop_rest()
        voice = None if mode in GRAVE else self.persona
        spoken, style = self._dialogue.spoken, voice.name if voice else ""
        duty = self._duties.before(spoken, grave=mode in GRAVE, style=style)
        prefix = " ".join(filter(None, (duty, before)))
        whole = f"{prefix} {text}" if prefix else text
        reply = Reply(
            text=whole,
            sentences=sentences(whole),
            strategy=strategy,
            stage=self.stage.stage,
            risk=self.risk,
            mode=mode,
            mi_codes=codes_of(draft or Draft(text, strategy), consent),
            prosody="slow" if mode in GRAVE else "warm",
            source="script" if script_id else (draft.source if draft else "template"),
            script_id=None if prefix else script_id,
            end_call=end_call,
            pace=voice.pace if voice else 1.0,
            pause=voice.pause if voice else 1.0,
        )
        self._dialogue.said(reply, draft)
        self._replies.append(reply)
        self._script = script_id
        return reply

    def _unused(self, name: str) -> str:
        return self._courteous(name, table("replies/others")[name])

    def _courteous(self, name: str, usual: Sequence[str] = ()) -> str:
        """Words for a courtesy, in the persona's tone, that were not said lately."""
        texts = self._rapport.texts(name, usual or table("guard/boundary")[name]["say"])
        return least_said(texts, self._dialogue.spoken, self._rng)
