"""What all callers' ears share: the models."""

from __future__ import annotations

from voice_agent.listen.activity import VoiceActivity
from voice_agent.listen.backends import recogniser_maker
from voice_agent.listen.finished import Finished
from voice_agent.listen.listener import Listener
from voice_agent.listen.recognise import RecogniserPool
from voice_agent.listen.settings import ListenSettings


class Ears:
    """Voice activity and recognisers of one process. Thread-safe; make a listener per caller."""

    def __init__(
        self,
        activity: VoiceActivity,
        pool: RecogniserPool,
        settings: ListenSettings,
        finished: Finished,
    ) -> None:
        self._activity, self._finished = activity, finished
        self._pool = pool
        self._settings = settings

    @classmethod
    def load(cls, settings: ListenSettings | None = None) -> Ears:
        """Load the models; raises :class:`~codec.errors.SecoustiError` when one is missing."""
        chosen = settings or ListenSettings()
        make = recogniser_maker(chosen.recogniser)
        pool = RecogniserPool(make, chosen.workers, chosen.recognise_deadline_s)
        return cls(VoiceActivity.load(), pool, chosen, Finished.load())

    def listener(self) -> Listener:
        """Ears for one more caller."""
        return Listener(self._activity.stream(), self._pool, self._settings, self._finished)
