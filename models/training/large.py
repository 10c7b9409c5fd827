"""A language model that is taught the labels; the small network learns from its word.

It reads a prompt as one turn of a chat, and what it thinks before its first word goes to the
heads. The task's head begins at the words for the tasks, so it starts from what the model knows.
Made for a GPU: one epoch over 29 000 prompts takes a minute on a large one and days without.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import Qwen2ForCausalLM

from models.training.augment import Augmenter
from models.training.batches import EpochDraw, by_length, head_and_tail, padded
from models.training.descent import move, schedule, set_rates
from models.training.finetune import half_where_fast, pastes
from models.training.rows import LANGUAGES, Row
from models.training.soft_labels import Opinion
from models.training.targets import Targets
from routerd.core.features import TASKS

BEFORE = "<|im_start|>user\n"
AFTER = "<|im_end|>\n<|im_start|>assistant\nTask:"
LONGEST = 144
"""Tokens of a prompt that are read, head and tail; about what the small network reads."""


@dataclass(frozen=True, slots=True)
class LargePlan:
    """How the large model is taught. `constructed` rows of that origin are drawn each epoch."""

    epochs: int = 3
    batch: int = 64
    rate: float = 1.5e-5
    head_rate: float = 3e-4
    warm_up: float = 0.06
    weight_decay: float = 0.01
    smoothing: float = 0.05
    constructed: int = 3000
    language_weight: float = 0.3
    complexity_weight: float = 4.0
    seed: int = 7


class LargeReader(nn.Module):
    """Ids [b, n] and their lengths [b] to (task logits, complexity [b], language logits)."""

    def __init__(self, model: Qwen2ForCausalLM, tokenizer: Tokenizer) -> None:
        super().__init__()
        width = model.config.hidden_size
        self.body = model.model
        self.norm = nn.LayerNorm(width)
        self.task = nn.Linear(width, len(TASKS))
        self.complexity = nn.Linear(width, 1)
        self.language = nn.Linear(width, len(LANGUAGES))
        words = [tokenizer.encode(f" {task}").ids[0] for task in TASKS]
        with torch.no_grad():
            rows = self.body.embed_tokens.weight[words].float()
            self.task.weight.copy_(rows - rows.mean(0))
            self.task.bias.zero_()

    def forward(
        self, ids: torch.Tensor, lengths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Read what stands at each last token; padding comes after it and is never seen."""
        hidden = self.body(input_ids=ids, use_cache=False).last_hidden_state
        last = self.norm(hidden[torch.arange(len(ids), device=ids.device), lengths - 1].float())
        complexity = torch.sigmoid(self.complexity(last)).squeeze(-1)
        return self.task(last), complexity, self.language(last)


class ChatTokens:
    """Puts prompts into the chat template; the longest are cut to head and tail."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._before = tokenizer.encode(BEFORE).ids
        self._after = tokenizer.encode(AFTER).ids

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return ids per text."""
        result = []
        for encoding in self._tokenizer.encode_batch(list(texts)):
            ids = head_and_tail(encoding.ids, LONGEST)
            result.append([*self._before, *ids, *self._after])
        return result


def teach_large(
    rows: Sequence[Row],
    model: Qwen2ForCausalLM,
    tokenizer: Tokenizer,
    plan: LargePlan,
    device: str = "cuda",
) -> LargeReader:
    """Teach all weights but the pieces' on `rows`; return the reader in evaluation mode."""
    torch.manual_seed(plan.seed)
    reader = LargeReader(model, tokenizer).to(device).train()
    reader.body.embed_tokens.requires_grad_(False)
    body = [p for p in reader.body.parameters() if p.requires_grad]
    heads = [*reader.norm.parameters(), *reader.task.parameters()]
    heads += [*reader.complexity.parameters(), *reader.language.parameters()]
    optimiser = torch.optim.AdamW(
        [
            {"params": body, "lr": plan.rate, "weight_decay": plan.weight_decay},
            {"params": heads, "lr": plan.head_rate, "weight_decay": 0.0},
        ],
        fused=device != "cpu",
        betas=(0.9, 0.98),
    )
    lessons = _Lessons(rows, tokenizer, plan, device)
    peaks = [group["lr"] for group in optimiser.param_groups]
    total, step, started = plan.epochs * lessons.steps_per_epoch, 0, time.monotonic()
    for epoch in range(plan.epochs):
        for places, ids, lengths, pasted in lessons.batches():
            set_rates(optimiser, peaks, schedule(step / total, plan.warm_up))
            with half_where_fast(device):
                outputs = reader(ids, lengths)
            loss = move(body, [optimiser], lessons.loss(outputs, places, pasted))
            step += 1
        seconds = time.monotonic() - started
        print(f"  large, epoch {epoch + 1}: {seconds:.0f} s, loss {loss:.3f}", flush=True)
    return reader.eval()


class _Lessons:
    """Draws reworded batches, similar lengths together, and scores them."""

    def __init__(
        self, rows: Sequence[Row], tokenizer: Tokenizer, plan: LargePlan, device: str
    ) -> None:
        self._rows, self._plan, self._device = rows, plan, device
        self._tokens = ChatTokens(tokenizer)
        self._targets = Targets(rows, device)
        self._augmenter = Augmenter(plan.seed, pastes(rows))
        self._chance = np.random.default_rng(plan.seed)
        self._draw = EpochDraw(rows, {"constructed": plan.constructed})
        self.steps_per_epoch = -(-self._draw.count // plan.batch)

    def batches(self) -> list[tuple[torch.Tensor, ...]]:
        """Return (places, ids, lengths, pasted) of one epoch, in random order."""
        order = self._draw.order(self._chance)
        variants = [self._augmenter.reword(self._rows[at].text) for at in order]
        tokens = self._tokens.encode([variant.text for variant in variants])
        result = []
        for some in by_length(tokens, self._plan.batch):
            ids, mask = padded([tokens[at] for at in some])
            places = torch.from_numpy(order[some])
            pasted = torch.tensor([variants[at].pasted for at in some])
            result.append(tuple(t.to(self._device) for t in (places, ids, mask.sum(1), pasted)))
        return [result[at] for at in self._chance.permutation(len(result))]

    def loss(
        self, outputs: tuple[torch.Tensor, ...], places: torch.Tensor, pasted: torch.Tensor
    ) -> torch.Tensor:
        wrong, others = self._targets.losses(outputs, places, self._plan, pasted)
        return ((wrong + others) * self._targets.weight[places]).mean()


def opinions(
    reader: LargeReader, tokenizer: Tokenizer, texts: Sequence[str], batch: int = 256
) -> Opinion:
    """Return what the taught model says of `texts`, in their order."""
    device = reader.task.weight.device
    tokens = ChatTokens(tokenizer).encode(texts)
    groups = by_length(tokens, batch)
    parts: list[tuple[torch.Tensor, ...]] = []
    with torch.inference_mode(), half_where_fast(str(device)):
        for some in groups:
            ids, mask = padded([tokens[at] for at in some])
            task, complexity, language = reader(ids.to(device), mask.sum(1).to(device))
            parts.append((task.float().softmax(-1), complexity, language.float().softmax(-1)))
    back = np.argsort(np.concatenate(groups))
    return Opinion(
        *(torch.cat(some).float().cpu().numpy()[back] for some in zip(*parts, strict=True))
    )
