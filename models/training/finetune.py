"""Teaches the network all outputs at once, on reworded texts; one seed, one result."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.training.aspects import Aspects
from models.training.augment import PASTED, Augmenter
from models.training.batches import EpochDraw, TextTokens, by_length, padded
from models.training.descent import Average, Descent, schedule
from models.training.masking import Masking
from models.training.model import Classifier, narrow
from models.training.resume import lean_back
from models.training.rows import Row
from models.training.targets import Targets
from models.training.vocabulary import tongues

TOLD_EVERY = 200
"""Steps after which a training says how far it is: some three minutes on two cores."""
WINDOW_BATCHES = 24
"""Rows are sorted by length within this many batches: little padding, still well mixed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a training runs. Rates are peaks; `decay` multiplies them per layer downwards.

    `constructed` and `generated` rows of that origin are drawn anew each epoch, the others all taught.
    `stop` ends it after so many of the `epochs` that the schedule is made for, 0 at their end.
    `layers` are those of the base model that are taught, None for all six. `piece_rate` is that of the
    word embeddings. `width`: neurons between the halves of a layer.
    `kept`: how much of a given start's encoder is in the weights begun with; the rest is the base
    model's, so that what was learnt by heart is let go. `start_share`: how much of the start is in the
    weights that are returned; a mean of both reads new sources better than what was taught last.
    `teacher_share`: how much of the label of a row that was read by people is what the large model says.
    `level`: a person's rows weigh less each from so many of one source on, 0 for never.
    `mask_weight`: how much telling hidden words counts beside the labels, 0 for not at all.
    `aspect_weight`: how much telling what prompts are made of counts beside them (`aspects.py`).
    `rounds`: so many trainings, of which the mean is kept (`rounds.py`).
    `pasted`: how many of the asks without code get some beside them (`augment.py`).
    `people_epochs`, `people_rate`, `people_aspects`, `people_pasted`, `people_retold`, `people_offshoots`:
    passes over people's prompts alone in the end, their rate, aspect weight and asks with code
    (`last_stage.py`), and how much of a prompt's weight each of its rewordings has (`retold.py`) and
    what grew out of it (`offshoots.py`).
    """

    layers: tuple[int, ...] | None = None
    width: int = 768
    epochs: float = 1.0
    stop: float = 0.0
    batch: int = 64
    rate: float = 1.5e-4
    head_rate: float = 1e-3
    decay: float = 0.9
    warm_up: float = 0.04
    weight_decay: float = 0.02
    smoothing: float = 0.08
    constructed: int = 2500
    generated: int = 24_000
    language_weight: float = 0.4
    complexity_weight: float = 4.0
    meaning_weight: float = 2.0
    meant_every: int = 2
    ema: float = 0.998
    piece_rate: float = 3e-4
    teacher_share: float = 0.8
    kept: float = 0.4
    start_share: float = 0.5
    level: int = 40
    mask_weight: float = 0.1
    aspect_weight: float = 0.4
    pasted: float = PASTED
    rounds: int = 1
    people_epochs: float = 2.0
    people_rate: float = 1.2e-4
    people_aspects: float = 1.0
    people_pasted: float = 0.2
    people_retold: float = 0.3
    people_offshoots: float = 0.4
    seed: int = 7


Predictions = tuple[NDArray[np.float32], ...]
Lesson = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
"""Places of a batch's rows, ids, mask, and which got code beside them."""


@dataclass(frozen=True, slots=True)
class Soft:
    """What a teacher says of each row's task, [n, tasks], and how much of the label that is, [n]."""

    task: torch.Tensor
    share: torch.Tensor

    def to(self, device: str) -> "Soft":
        """Return the same on a device."""
        return Soft(self.task.to(device), self.share.to(device))

    def labels(self, tasks: Sequence[int], smoothing: float = 0.0) -> torch.Tensor:
        """Return whole labels [n, tasks]: what the teacher says, and for the rest rows' own `tasks`.

        `smoothing`: share of a row's own task that is spread over all.
        """
        own = 1 - self.share
        labels = self.share[:, None] * self.task
        labels[torch.arange(len(tasks)), list(tasks)] += own * (1 - smoothing)
        return labels + own[:, None] * smoothing / self.task.shape[1]

    def mix(self, hard: torch.Tensor, task: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
        """Mix a batch's losses against labels [b] with those of its logits against the teacher."""
        soft = -(self.task[batch] * functional.log_softmax(task.float(), -1)).sum(-1)
        return torch.lerp(hard, soft, self.share[batch])


def finetune(
    rows: Sequence[Row],
    meaning: NDArray[np.float32] | None,
    plan: Plan,
    *,
    soft: Soft | None = None,
    start: Classifier | None = None,
    pieces: Sequence[str] = (),
    watch: Callable[[int, Classifier], None] | None = None,
    device: str = "cpu",
) -> Classifier:
    """Teach `rows`; return the averaged network in evaluation mode.

    `meaning` [n, 384]: where each text shall stay, zeros where that is open; `soft`: what a
    teacher says; `start`: weights to begin with; `pieces`: code to put beside asks, that of `rows`
    where none is given; `watch` is called every epoch.
    """
    torch.manual_seed(plan.seed)
    model = _begun(plan, start, device)
    descent = Descent(model, plan)
    average = Average(model, plan.ema)
    masking = Masking(model, plan.mask_weight)
    aspects = Aspects(model, rows, plan.aspect_weight)
    lessons = Lessons(rows, meaning, soft, plan, device, pieces or pastes(rows))
    total = math.ceil(plan.epochs * lessons.steps_per_epoch)
    last = math.ceil((plan.stop or plan.epochs) * lessons.steps_per_epoch)
    step, epoch, started = 0, 0, time.monotonic()
    while step < last:
        model.train()
        for lesson in lessons.batches():
            share = schedule(step / total, plan.warm_up)
            loss = descent.step(_loss(model, lessons, lesson, masking, aspects), share)
            masking.step()
            aspects.step(share)
            average.follow(model)
            step += 1
            if step >= last:
                break
            if step % TOLD_EVERY == 0:
                _tell_progress(step, last, time.monotonic() - started)
        epoch += 1
        print(f"  epoch {epoch}: {time.monotonic() - started:.0f} s, loss {loss:.3f}", flush=True)
        if watch:
            watch(epoch, average.network)
    if start is not None:
        average.mix(_as_planned(start, plan).to(device), plan.start_share)
    return average.network


def _tell_progress(step: int, last: int, seconds: float) -> None:
    left = seconds / step * (last - step) / 60
    print(f"  step {step:,} of {last:,}: {seconds / 60:.0f} min, about {left:.0f} left", flush=True)


def _loss(
    model: Classifier, lessons: "Lessons", lesson: Lesson, masking: Masking, aspects: Aspects
) -> torch.Tensor:
    """Return the loss of a batch: its labels', and that of the tasks beside them."""
    batch, ids, mask, pasted = lesson
    seen, hidden = masking.hide(ids)
    with half_where_fast(ids.device.type):
        states = model.read(seen, mask)
        outputs = model.answer(states, mask)
        beside = masking.loss(states, ids, hidden) + aspects.loss(states, mask, batch)
    return lessons.loss(outputs, batch, pasted) + beside


def _begun(plan: Plan, start: Classifier | None, device: str) -> Classifier:
    """Return the network to teach: the base model's, or `start` moved back towards it."""
    if start is None:
        return Classifier(plan.layers, plan.width).to(device)
    model = _as_planned(start, plan)
    lean_back(model, plan.layers, 1 - plan.kept)
    return model.to(device)


def _as_planned(start: Classifier, plan: Plan) -> Classifier:
    """Return a copy of `start` of the plan's width."""
    model = deepcopy(start)
    narrow(model.bert, plan.width)
    return model


def epoch_draw(rows: Sequence[Row], plan: Plan) -> EpochDraw:
    """Return which rows an epoch of the plan goes over."""
    return EpochDraw(rows, {"constructed": plan.constructed, "generated": plan.generated})


class Lessons:
    """Draws the batches of an epoch and scores them."""

    def __init__(
        self,
        rows: Sequence[Row],
        meaning: NDArray[np.float32] | None,
        soft: Soft | None,
        plan: Plan,
        device: str,
        pieces: Sequence[str],
    ) -> None:
        self._rows = rows
        self._plan = plan
        self._device = device
        self._targets = Targets(rows, device, plan.level)
        self._meaning = None if meaning is None else torch.from_numpy(meaning).to(device)
        self._soft = soft and soft.to(device)
        self._tokens = TextTokens()
        self._augmenter = Augmenter(plan.seed, pieces, tongues(), plan.pasted)
        self._chance = np.random.default_rng(plan.seed)
        self._draw = epoch_draw(rows, plan)
        self.steps_per_epoch = -(-self._draw.count // plan.batch)

    def batches(self) -> Iterator[Lesson]:
        """Yield (indices, ids, mask, pasted) of an epoch: all typed rows, some of the others.

        `pasted` [b] marks texts that got code beside them.
        """
        order = self._draw.order(self._chance)
        variants = [self._augmenter.reword(self._rows[index].text) for index in order]
        tokens = self._tokens.encode([variant.text for variant in variants])
        batches = []
        window = self._plan.batch * WINDOW_BATCHES
        for first in range(0, len(order), window):
            places = sorted(
                range(first, min(first + window, len(order))), key=lambda place: len(tokens[place])
            )
            batches += [
                places[at : at + self._plan.batch] for at in range(0, len(places), self._plan.batch)
            ]
        for number in self._chance.permutation(len(batches)):
            places = batches[number]
            ids, mask = padded([tokens[place] for place in places])
            pasted = torch.tensor([variants[place].pasted for place in places])
            device = self._device
            yield (
                torch.from_numpy(order[places]),
                ids.to(device),
                mask.to(device),
                pasted.to(device),
            )

    def loss(
        self, outputs: tuple[torch.Tensor, ...], batch: torch.Tensor, pasted: torch.Tensor
    ) -> torch.Tensor:
        """Return the weighted sum of the outputs' losses; labels nobody gave count for nothing."""
        emb, task, *others = outputs
        losses, rest = self._targets.losses((task, *others), batch, self._plan, pasted)
        if self._soft is not None:
            losses = self._soft.mix(losses, task, batch)
        losses = losses + rest
        if self._meaning is not None:
            near = (emb * self._meaning[batch]).sum(-1)
            losses = losses + self._plan.meaning_weight * (1 - near)
        return (losses * self._targets.weight[batch]).mean()


def half_where_fast(device: str = "cpu") -> AbstractContextManager[object]:
    """Return a context that computes in bfloat16 where the device has it.

    Twice as fast there; elsewhere it is emulated, and five times slower than float32.
    """
    kind = torch.device(device).type
    if kind != "cpu":
        return torch.autocast(kind, dtype=torch.bfloat16)
    native = torch.cpu._is_avx512_bf16_supported()
    return torch.autocast("cpu", dtype=torch.bfloat16) if native else nullcontext()


def predict(model: torch.nn.Module, texts: Sequence[str], batch: int = 64) -> Predictions:
    """Return (emb, task logits, complexity, language logits) in the order of `texts`."""
    tokens = TextTokens().encode(texts)
    groups = by_length(tokens, batch)
    parts: list[tuple[torch.Tensor, ...]] = []
    with torch.inference_mode(), half_where_fast():
        for some in groups:
            ids, mask = padded([tokens[place] for place in some])
            parts.append(tuple(output.float() for output in model(ids, mask)))
    back = np.argsort(np.concatenate(groups))
    return tuple(torch.cat(some).numpy()[back] for some in zip(*parts, strict=True))


def pastes(rows: Sequence[Row]) -> list[str]:
    """Return pieces of code that rows carry, to put beside other asks."""
    pieces = [
        line[6:300]
        for row in rows
        if row.origin == "constructed"
        for line in row.text.split("\n")[1:2]
        if line.startswith("code: ")
    ]
    return pieces[:2000]
