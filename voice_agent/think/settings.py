"""Settings of the text mind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Part(StrEnum):
    """Parts of the mind that a measurement may leave out, to see what they are worth."""

    HEADS = "heads"  # everything learnt from data: rules and hand-set weights alone decide
    DEBIAS = "debias"  # the planner's prior adjustment, stage targets and repeat penalty
    STAGE = "stage"  # the tracker: every talk stays in exploration
    THINKING = "thinking"  # the private record: nothing is concluded from what was heard
    PLANNER = "planner"  # moves are drawn by their published shares, whatever was said
    VECTORS = "vectors"  # sentence vectors, and with them the learnt heads


@dataclass(frozen=True)
class ThinkSettings:
    """Defaults run offline, without a key.

    Environment names (see :meth:`from_env`): ``SECOUSTI_LLM_URL``, ``SECOUSTI_LLM_MODEL``,
    ``SECOUSTI_LLM_KEY``, ``SECOUSTI_LLM_DEADLINE_S``, ``SECOUSTI_PLANNER``, ``SECOUSTI_SCALES``,
    ``SECOUSTI_SCALES_FOLDER``.
    """

    llm_url: str = ""  # base URL of an OpenAI-compatible API ("http://host:8000/v1"); "" = none
    llm_model: str = "default"  # local servers ignore the name
    llm_key: str = ""
    llm_deadline_s: float = 2.0  # a caller notices silence beyond this
    llm_think_deadline_s: float = 0.7  # research notes 6.5
    llm_rest_s: float = 15.0  # an endpoint that failed is left alone this long
    use_vectors: bool = True  # sentence vectors sharpen understanding; words alone work too
    vectors_path: Path | None = None  # None: the installed package
    planner: Path | None = None  # a head fitted on other dialogues; None: the packaged one
    disclosure_every_s: float = 3 * 3600.0  # New York companion law, research notes 5.2
    match: bool = False  # propose a persona from what the caller says; asked for, one comes anyway
    leave_out: frozenset[Part] = frozenset()  # for ablations only
    scales: bool = False  # self-report scales for callers who ask; an operator's decision
    scales_folder: Path | None = None  # more of them, as TOML files
    session_s: float = 30 * 60.0  # a sane session length, research notes 3.4 and 6.9

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> ThinkSettings:
        """Settings with the environment's endpoint, if it names one."""
        base = cls()
        return cls(
            llm_url=env.get("SECOUSTI_LLM_URL", base.llm_url),
            llm_model=env.get("SECOUSTI_LLM_MODEL", base.llm_model),
            llm_key=env.get("SECOUSTI_LLM_KEY", base.llm_key),
            planner=Path(own) if (own := env.get("SECOUSTI_PLANNER")) else None,
            scales_folder=Path(own) if (own := env.get("SECOUSTI_SCALES_FOLDER")) else None,
            scales=env.get("SECOUSTI_SCALES", "").lower() in ("1", "true", "yes", "on"),
            llm_deadline_s=float(env.get("SECOUSTI_LLM_DEADLINE_S", base.llm_deadline_s)),
        )
