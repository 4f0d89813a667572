"""The words of one running turn, recognised piece by piece while the caller still speaks."""

from __future__ import annotations

from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from voice_agent.listen.activity import WINDOW_MS
from voice_agent.listen.recognise import NOTHING, Hypothesis, RecogniserPool
from voice_agent.listen.settings import ListenSettings


class TurnWords:
    """Collects a turn's audio and keeps its recognition ahead of the end of turn.

    The turn is a row of pieces. The last one is open: :meth:`probe` has it recognised at a pause;
    :meth:`resume` says that speech went on, which closes a long piece for good and otherwise lets
    the piece grow, to be recognised again with more context.
    """

    def __init__(self, pool: RecogniserPool, settings: ListenSettings) -> None:
        self._pool = pool
        self._commit = round(settings.commit_ms / WINDOW_MS)
        self._longest = round(settings.longest_piece_ms / WINDOW_MS)
        self._closed: list[Future[Hypothesis]] = []
        self._open: list[NDArray[np.float32]] = []
        self._probe: Future[Hypothesis] | None = None
        self._probed = 0  # windows of the open piece that the probe covers
        self._fresh = False  # recognition was asked for and not told yet

    def add(self, window: NDArray[np.float32]) -> None:
        """One more window of the turn, float32 ``[512]``."""
        self._open.append(window)
        if len(self._open) > self._longest:
            self._close(self._quietest(), None)

    def probe(self) -> None:
        """Recognise the open piece as it stands."""
        self._drop_probe()
        self._probe = self._pool.submit(np.concatenate(self._open))
        self._probed = len(self._open)
        self._fresh = True

    def resume(self) -> None:
        """Speech goes on after a probe."""
        if self._probe is not None and self._probed >= self._commit:
            self._close(self._probed, self._probe)
            self._probe = None
        self._drop_probe()

    def news(self) -> str | None:
        """The text so far, once for each recognition that has finished; does not wait."""
        pieces = self._pieces()
        if not self._fresh or not all(piece.done() for piece in pieces):
            return None
        self._fresh = False
        return self._joined(pieces).text or None

    def wait(self) -> Hypothesis:
        """Words of the whole turn; waits for the recogniser, up to its deadline."""
        if self._probe is None and self._open:
            self.probe()
        return self._joined(self._pieces())

    def _pieces(self) -> list[Future[Hypothesis]]:
        return [*self._closed, self._probe] if self._probe else self._closed

    def _joined(self, pieces: list[Future[Hypothesis]]) -> Hypothesis:
        """One hypothesis; its confidence is the mean over words."""
        found = self._pool.results(pieces)
        counts = [len(hypothesis.text.split()) for hypothesis in found]
        if not sum(counts):
            return NOTHING
        weighed = sum(h.confidence * count for h, count in zip(found, counts, strict=True))
        return Hypothesis(" ".join(h.text for h in found if h.text), weighed / sum(counts))

    def _close(self, length: int, recognised: Future[Hypothesis] | None) -> None:
        """Make the first ``length`` windows of the open piece a final piece."""
        final = recognised or self._pool.submit(np.concatenate(self._open[:length]))
        self._closed.append(final)
        self._open = self._open[length:]
        self._fresh = recognised is None

    def _drop_probe(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            self._fresh = False
        self._probe = None

    def _quietest(self) -> int:
        """Where to cut speech that has no pause: the quietest three windows of the later half."""
        loudness = np.array([np.square(window).mean() for window in self._open])
        smooth = np.convolve(loudness, np.ones(3), mode="same")
        half = len(smooth) // 2
        return half + int(smooth[half:-1].argmin()) + 1
