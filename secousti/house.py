"""The rooms put together: settings of a person become the settings and models of each room."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from pydantic import SecretStr

from codec import Codec, load_codec
from codec.conceal import ConcealingCodec
from codec.rates import RATES
from secousti.settings import Settings
from server.handoff import webhook
from server.limits import CrowdLimits
from server.parts import Parts
from server.settings import ServerSettings
from voice_agent.listen.ears import Ears
from voice_agent.listen.settings import ListenSettings
from voice_agent.speak.settings import SpeakSettings
from voice_agent.speak.voice import Voice
from voice_agent.think import Conversation, Mind, ThinkSettings
from voice_agent.think.persona import persona_named


def server_settings(settings: Settings) -> ServerSettings:
    """How the server is to run. What both know by the same name is the same."""
    return ServerSettings(
        **_shared(settings, ServerSettings),
        allowed_origins=settings.origins,
        crowd=CrowdLimits(**_shared(settings, CrowdLimits)),
    )


def _shared(settings: Settings, plan: type[Any]) -> dict[str, Any]:
    """The settings whose names ``plan``, a dataclass, has too."""
    names = [field.name for field in fields(plan) if field.name in Settings.model_fields]
    return {name: _plain(getattr(settings, name)) for name in names}


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def think_settings(settings: Settings) -> ThinkSettings:
    """How the agent is to think, and with whose help."""
    return ThinkSettings(
        llm_url=settings.llm_url,
        llm_model=settings.llm_model,
        llm_key=settings.llm_key.get_secret_value(),
        llm_deadline_s=settings.llm_deadline_s,
        planner=settings.planner,
        scales=settings.scales,
        scales_folder=settings.scales_folder,
        match=settings.match,
    )


def build_parts(settings: Settings, rates: tuple[str, ...] = tuple(RATES)) -> Parts:
    """Every model a server needs, loaded (a few seconds), the codec for ``rates``.

    ``settings.weights`` are those of ``settings.rate``. Raises
    :class:`~codec.errors.SecoustiError` where one is missing.
    """
    hand_off = webhook(settings.handoff_url) if settings.handoff_url is not None else None
    torch.set_num_threads(1)  # a step is small: threads cost more than they bring
    codecs = {rate: load_codec(rate, weights=own_weights(settings, rate)) for rate in rates}
    ears = Ears.load(ListenSettings(recogniser=settings.recogniser))
    mind, persona = Mind.load(think_settings(settings)), persona_named(settings.persona)
    return Parts(
        codecs={rate: ConcealingCodec(codec) for rate, codec in codecs.items()},
        listener=ears.listener,
        conversation=lambda locale, known=None: Conversation(
            mind,
            clock=time.monotonic,
            locale=locale,
            risk=known and known.risk,
            memories=known and known.memories,
            activities=known and known.activities,
            persona=persona,
        ),
        voice=Voice.load(SpeakSettings(voice=settings.voice)),
        hand_off=hand_off,
        exports=lambda rate: _exported(codecs[rate]),
    )


def _exported(codec: Codec) -> Mapping[str, bytes]:
    """The codec as a browser runs it. Raises ImportError where onnx is missing."""
    from codec.runtime.export import graph_files

    return graph_files(codec.model, compact=True)


def own_weights(settings: Settings, rate: str) -> Path | None:
    return settings.weights if rate == settings.rate else None
