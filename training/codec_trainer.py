"""Trains one operating point of the codec through the stages of :mod:`training.recipe`."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from codec.errors import SecoustiError
from codec.model import SecoustiModel
from codec.rates import DELAY_SAMPLES, Rate
from codec.weights import load_weights
from training.ablation import LearntCodebook, ablate, ablated_stages
from training.batches import Batch
from training.checkpoint import Averaged, load_checkpoint, load_matching, save_checkpoint
from training.discriminators import Discriminators, discriminator_loss, generator_loss
from training.dropout import drop_packets
from training.losses import ReconstructionLoss, acoustic_constraint, kl_with_margin
from training.loudness import LoudnessLoss
from training.ranks import Ranks
from training.recipe import Stage, stage_at
from training.text import TextAlignment

JUDGED_SAMPLES = 10240  # 0.64 s of each crop goes before the judges, after its first 0.64 s
WARM_UP_STEPS = 100
SAVE_EACH_S = 120.0
BAD_STEPS_ALLOWED = 20
ALONE = Ranks()


@dataclass
class Progress:
    """Where a run stands; everything here is saved."""

    step: int = 0
    elapsed_s: float = 0.0
    stage: str = ""
    stage_step: int = 0


@dataclass(frozen=True)
class Budget:
    """How long a run is, all its legs together: minutes, or steps where runs are to be compared."""

    minutes: float = 0.0
    steps: int = 0

    def share(self, progress: Progress) -> float:
        """What part of the run is done, 0-1 and a little more."""
        if self.steps:
            return progress.step / self.steps
        return progress.elapsed_s / (60 * self.minutes)


@dataclass
class Extra:
    """Losses beside those of the waveform: their weighted sum, and each by itself for the log."""

    values: dict[str, float] = field(default_factory=dict)
    loss: Tensor | float = 0.0

    def add(self, name: str, term: Tensor, weight: float) -> None:
        self.loss = self.loss + weight * term
        self.values[name] = term.item()


class CodecTrainer:
    """One run: networks, judges, optimisers, average, teacher; resumable at every checkpoint."""

    def __init__(
        self,
        rate: Rate,
        stages: tuple[Stage, ...],
        out: Path,
        device: str = "cpu",
        without: frozenset[str] = frozenset(),
        ranks: Ranks = ALONE,
    ) -> None:
        self.stages, self.out, self.device = ablated_stages(stages, without), out, device
        self.without, self.ranks = without, ranks
        self.model = SecoustiModel(rate)
        ablate(self.model, without)
        self.model.to(device)
        self.text = TextAlignment(rate).to(device)
        self.judges = Discriminators().to(device)
        self.reconstruction = ReconstructionLoss().to(device)
        self.loudness = LoudnessLoss().to(device)
        self.average = Averaged(self.model)
        self.teacher: nn.ModuleDict | None = None
        self.progress = Progress()
        self.optimiser = self._new_optimiser()
        self.judge_optimiser = torch.optim.AdamW(
            self.judges.parameters(), lr=5e-4, betas=(0.8, 0.99), weight_decay=0.01
        )
        self._bad_steps = 0

    # -- saving and resuming ------------------------------------------------------------------

    @property
    def checkpoint_path(self) -> Path:
        return self.out / "checkpoint.pt"

    def save(self) -> None:
        if not self.ranks.leads:
            return
        save_checkpoint(
            self.checkpoint_path,
            {
                "model": self.model.state_dict(),
                "average": self.average.values,
                "text": self.text.state_dict(),
                "judges": self.judges.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "judge_optimiser": self.judge_optimiser.state_dict(),
                "teacher": self.teacher.state_dict() if self.teacher is not None else None,
                "progress": vars(self.progress),
                "random": torch.get_rng_state(),
            },
        )

    def resume(self) -> None:
        """Continues exactly where the checkpoint in ``out`` stands."""
        content = load_checkpoint(self.checkpoint_path)
        self.model.load_state_dict(content["model"])
        self.text.load_state_dict(content["text"])
        self.judges.load_state_dict(content["judges"])
        self.average.values = content["average"]
        self.progress = Progress(**content["progress"])
        self._restore_teacher(content["teacher"])
        self._enter_parts(self._stage_named(self.progress.stage))
        self.optimiser = self._new_optimiser()
        self.optimiser.load_state_dict(content["optimiser"])
        self.judge_optimiser.load_state_dict(content["judge_optimiser"])
        torch.set_rng_state(content["random"])

    def start_from(self, checkpoint: Path) -> list[str]:
        """Takes over every fitting weight of another run (its average), and its teacher.

        ``checkpoint`` may be released weights (``.safetensors``) too. They hold no teacher, so a
        run from them begins with the stage that makes one, or after those that need it.
        """
        if checkpoint.suffix == ".safetensors":
            if self.stages[0].constraint:
                raise SecoustiError(
                    f"{checkpoint} holds no teacher for stage {self.stages[0].name!r}: begin with "
                    "--first-stage acoustic, or start from a run's checkpoint.pt"
                )
            load_weights(self.model, checkpoint)
            self.average = Averaged(self.model)
            return []
        content = load_checkpoint(checkpoint)
        fresh = load_matching(self.model, content["average"])
        load_matching(self.judges, content["judges"])
        load_matching(self.text, content.get("text", {}))
        self.average = Averaged(self.model)
        self._restore_teacher(content["teacher"])
        return fresh

    def _restore_teacher(self, values: dict[str, Tensor] | None) -> None:
        if values is not None:
            self.teacher = self._new_teacher()
            self.teacher.load_state_dict(values)

    def _new_teacher(self) -> nn.ModuleDict:
        parts = {"encoder": self.model.encoder, "acoustic": self.model.acoustic}
        return nn.ModuleDict(copy.deepcopy(parts)).requires_grad_(False)

    def _stage_named(self, name: str) -> Stage:
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise SecoustiError(f"the checkpoint is in stage {name!r}, which this schedule lacks")

    # -- the run ----------------------------------------------------------------------------

    def run(
        self,
        batches: Callable[[int, int], Batch],
        budget: Budget,
        report: Callable[[dict[str, Any]], None],
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Trains until ``budget`` is used up; the schedule is stretched over it.

        ``batches(step, size)`` gives the crops. A checkpoint is written each two minutes, at the
        end, when ``should_stop`` says so, and when a step runs out of memory.

        Raises:
            SecoustiError: a step did not fit in memory, or many in a row were not finite.
        """
        self._start_together()
        began, before = time.monotonic(), self.progress.elapsed_s
        saved = began
        while budget.share(self.progress) < 1 and not self._agreed(should_stop()):
            stage, within = stage_at(budget.share(self.progress), self.stages)
            if stage.name != self.progress.stage:
                self._enter(stage)
            try:
                values = self._step(batches(self.progress.step, stage.batch), stage, within)
            except torch.OutOfMemoryError as error:
                self.save()
                raise SecoustiError(
                    f"step {self.progress.step} with {stage.batch} crops does not fit in memory; "
                    f"{self.checkpoint_path} has all steps before: --resume with a smaller --batch"
                ) from error
            elapsed_s = before + time.monotonic() - began
            self.progress.elapsed_s = self.ranks.agree(elapsed_s, self.device)
            report(values)
            if time.monotonic() - saved > SAVE_EACH_S:
                self.save()
                saved = time.monotonic()
        self.save()

    def _start_together(self) -> None:
        """All ranks begin with rank 0's networks; each then sees noise of its own."""
        if self.ranks.count == 1:
            return
        networks = (self.model, self.text, self.judges)
        self.ranks.share(value for part in networks for value in part.state_dict().values())
        self.average.values = {k: v.detach().clone() for k, v in self.model.named_parameters()}
        torch.manual_seed(self.progress.step * self.ranks.count + self.ranks.rank)

    def _agreed(self, stop: bool) -> bool:
        return bool(self.ranks.agree(float(stop), self.device))

    def _enter(self, stage: Stage) -> None:
        """A new stage: freeze A as the teacher where it is first needed, begin afresh with Adam."""
        if stage.constraint and self.teacher is None:
            self.teacher = self._new_teacher()
        self._enter_parts(stage)
        self.optimiser = self._new_optimiser()
        self.progress.stage, self.progress.stage_step = stage.name, 0

    def _everything(self) -> tuple[nn.Parameter, ...]:
        return (*self.model.parameters(), *self.text.parameters())

    def _new_optimiser(self) -> torch.optim.AdamW:
        return torch.optim.AdamW(
            [p for p in self._everything() if p.requires_grad],
            lr=1e-3, betas=(0.9, 0.98), weight_decay=0.01, fused=True,
        )  # fmt: skip

    def _enter_parts(self, stage: Stage) -> None:
        for name, part in self.model.named_children():
            part.requires_grad_(name in stage.trains)
            part.train(name in stage.trains)
        self.text.requires_grad_(bool(stage.phones or stage.contrast))

    def _step(self, batch: Batch, stage: Stage, within: float) -> dict[str, Any]:
        _set_rate(self.optimiser, stage.learning_rate(within) * self._warm_up())
        speech = batch.speech.to(self.device)
        target = speech[:, :-DELAY_SAMPLES]
        with torch.autocast(self.device, torch.bfloat16):
            wav, extra = self._decode(batch, stage)
        decoded = wav[:, DELAY_SAMPLES:]
        terms = self.reconstruction(decoded, target)
        loss = terms.mel + stage.magnitude * terms.magnitude + stage.phase * terms.phase
        loss = loss + extra.loss
        values = {"mel": terms.mel.item(), **extra.values}
        if stage.loudness:
            lost = self.loudness(decoded, target)
            loss, values["loudness"] = loss + stage.loudness * lost, lost.item()
        if stage.adversarial:
            judged, judge_values = self._judge(decoded, target, stage)
            loss, values = loss + judged, {**values, **judge_values}
        self._descend(loss, values)
        return {"step": self.progress.step, "stage": stage.name, **values}

    def _warm_up(self) -> float:
        return min(1.0, (1 + self.progress.stage_step) / WARM_UP_STEPS)

    def _decode(self, batch: Batch, stage: Stage) -> tuple[Tensor, Extra]:
        """The stage's path through the model, and its losses that are not about the waveform."""
        model = self.model
        vector, _ = model.voice_encoder(model.mel(batch.voice.to(self.device), None), None)
        known = batch.voice_known & ("voice" not in self.without)
        voice = model.voice_condition(vector, known.to(self.device))
        frames = model.encoder(model.mel(batch.heard.to(self.device), None), None)
        if stage.path == "acoustic":
            return model.decoder(model.acoustic(frames), voice, None), Extra()
        semantic = model.tokens(frames, None)
        received = drop_packets(semantic.quantised, model.rate, stage.lost)
        acoustic = model.connector(received, voice, None)
        extra = Extra({"codes": float(semantic.codes.unique().numel())})
        if stage.constraint and self.teacher is not None:
            extra.add("constraint", self._constraint(acoustic, batch), stage.constraint)
        if isinstance(model.tokens.bottleneck.quantiser, LearntCodebook):
            extra.add("commitment", model.tokens.bottleneck.quantiser.commitment, 1.0)
        if stage.kl:
            extra.add("kl", kl_with_margin(semantic.kl), stage.kl)
        if stage.phones or stage.contrast:
            terms = self.text(semantic.quantised, batch.phones.to(self.device))
            extra.add("phones", terms.phones, stage.phones)
            extra.add("contrast", terms.contrast, stage.contrast)
            extra.values["named"] = terms.named.item()
        return model.decoder(acoustic, voice, None), extra

    def _constraint(self, acoustic: Tensor, batch: Batch) -> Tensor:
        """How far A^ is from the A of stage 1 for the same speech, clear."""
        assert self.teacher is not None
        with torch.no_grad():
            mel = self.model.mel(batch.speech.to(self.device), None)
            known = self.teacher["acoustic"](self.teacher["encoder"](mel, None)).float()
        return acoustic_constraint(acoustic, known)

    def _judge(
        self, decoded: Tensor, target: Tensor, stage: Stage
    ) -> tuple[Tensor, dict[str, Any]]:
        """One step of the judges, then their verdict on the decoder."""
        real, fake = target[:, -JUDGED_SAMPLES:], decoded[:, -JUDGED_SAMPLES:]
        with torch.autocast(self.device, torch.bfloat16):
            judging = discriminator_loss(self.judges(real), self.judges(fake.detach()))
        self.judge_optimiser.zero_grad()
        judging.backward()  # type: ignore[no-untyped-call]
        self.ranks.average_gradients(self.judges.parameters())
        nn.utils.clip_grad_norm_(self.judges.parameters(), 10.0)
        self.judge_optimiser.step()
        self.judges.requires_grad_(False)
        with torch.autocast(self.device, torch.bfloat16):
            with torch.no_grad():
                real_features = self.judges(real)
            adversarial, matching = generator_loss(real_features, self.judges(fake))
        self.judges.requires_grad_(True)
        ramp = min(1.0, self.progress.stage_step / 300)  # let the judges learn something first
        if stage.name != self.stages[-1].name:
            adversarial = ramp * adversarial
        loss = stage.adversarial * adversarial + stage.matching * matching
        return loss, {"judge": judging.item(), "matching": matching.item()}

    def _descend(self, loss: Tensor, values: dict[str, Any]) -> None:
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.ranks.average_gradients(self._everything())
        norm = nn.utils.clip_grad_norm_(self._everything(), 1.0)
        if torch.isfinite(norm + loss.detach()):
            self.optimiser.step()
            self.average.update(self.model, self.progress.step)
            self._bad_steps = -1
        self._bad_steps += 1
        if self._bad_steps > BAD_STEPS_ALLOWED:
            raise SecoustiError(
                f"{BAD_STEPS_ALLOWED} steps in a row were not finite at step {self.progress.step}: "
                f"the last good checkpoint is {self.checkpoint_path}; resume with a lower rate"
            )
        self.progress.step += 1
        self.progress.stage_step += 1


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
