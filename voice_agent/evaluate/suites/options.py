"""What every suite is told, and the text mind it measures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from codec.errors import SecoustiError
from voice_agent.evaluate.memo import Memo
from voice_agent.evaluate.replay import heard_texts
from voice_agent.evaluate.talks import Talk, read_talks
from voice_agent.think import Mind, ThinkSettings
from voice_agent.think.settings import Part
from voice_agent.vectors import SentenceVectors


@dataclass(frozen=True)
class Options:
    """``split``: only dialogues of this split ("" = all). ``settings``: of the mind measured, with
    what it leaves out; with an endpoint in them a suite measures the endpoint. ``vectors``: a file
    that keeps sentence vectors between runs. ``ablations``: measure without each part as well.
    ``refit``: where a planner fitted to the data goes."""

    seed: int = 0
    split: str = ""
    settings: ThinkSettings = field(default_factory=ThinkSettings)
    vectors: Path | None = None
    ablations: bool = False
    refit: Path | None = None

    @cached_property
    def memo(self) -> Memo | None:
        """Sentence vectors, each computed once; None where they are left out.

        Raises:
            SecoustiError: they are not installed.
        """
        if Part.VECTORS in self.settings.leave_out:
            return None
        return Memo(SentenceVectors.load(self.settings.vectors_path), self.vectors)

    @cached_property
    def mind(self) -> Mind:
        """The mind that is measured, loaded once."""
        return Mind.load(self.settings, embed=self.memo)

    def with_settings(self, settings: ThinkSettings) -> Options:
        """The same with another mind, which shares the sentence vectors computed so far."""
        other = replace(self, settings=settings)
        if Part.VECTORS not in settings.leave_out:
            other.__dict__["memo"] = self.memo
        return other

    def talks(self, path: Path) -> list[Talk]:
        """The file's dialogues of the wanted split, their sentence vectors at hand.

        Raises:
            SecoustiError: a malformed file, or none of that split.
        """
        talks = [t for t in read_talks(path) if not self.split or t.split == self.split]
        if not talks:
            raise SecoustiError(f"{path} has no dialogue of split '{self.split}'.")
        self.prefetch([text for talk in talks for text in heard_texts(talk)])
        return talks

    def prefetch(self, texts: list[str]) -> None:
        """Compute sentence vectors in batches beforehand: several times faster than one by one."""
        if self.memo is not None:
            self.memo.prefetch(texts)

    def keep_vectors(self) -> None:
        """Write the file of vectors, where one is wanted."""
        if self.memo is not None:
            self.memo.save()
