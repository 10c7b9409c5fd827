"""A language model that has learnt how developers type writes more prompts for the small network.

Each is asked for by a brief: the kind of task, the language, about how many words, whether in the
manner of people's own prompts or of those written for this project, and often words to be about.
Briefs are drawn from labelled rows; their topics from other rows than their manner, so that the two
meet anew. What kind the result really is, the teacher says (`large`).
"""

import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import LogitsProcessor, LogitsProcessorList, Qwen2ForCausalLM

from models.training.batches import by_length, padded
from models.training.descent import move, schedule, set_rates
from models.training.finetune import half_where_fast
from models.training.rows import LANGUAGES, Row
from routerd.core.features import TASKS

END = "<|im_end|>"
BRIEF = (
    "<|im_start|>system\nWrite what a developer types to a coding assistant.<|im_end|>\n"
    "<|im_start|>user\n{brief}<|im_end|>\n<|im_start|>assistant\n"
)
LONGEST = 128
"""Tokens of a prompt that are taught; longer ones are passed over, as their end would be lost."""
ROUND = 3072
"""Prompts that are written side by side."""
_WORD = re.compile(r"[A-Za-z_][\w.+#-]{3,}|[\u4e00-\u9fff]{2,4}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class WriterPlan:
    """How the writer is taught and draws. `people` is the share of briefs in people's manner."""

    epochs: int = 2
    batch: int = 48
    rate: float = 1.5e-5
    warm_up: float = 0.06
    temperature: float = 1.0
    least: float = 0.02
    people: float = 0.7
    topics: float = 0.6
    seed: int = 11


def brief_of(row: Row, topic: Sequence[str] = ()) -> str:
    """Return the brief that asks for a prompt like `row`, about the words of `topic`."""
    language = "any" if row.language is None else LANGUAGES[row.language]
    words = len(row.text.split()) + len(_CHINESE.findall(row.text)) // 2
    parts = [
        f"kind: {TASKS[row.task]}",
        f"language: {language}",
        f"words: {rounded(words)}",
        f"manner: {'people' if row.by_people else 'writers'}",
    ]
    if _CHINESE.search(row.text):
        parts.append("in Chinese")
    if topic:
        parts.append(f"about: {', '.join(topic)}")
    return "; ".join(parts)


def rounded(words: int) -> int:
    """Return a count to about a third: 1, 2, 3, 4, 6, 8, 12, 16, ..."""
    steps = [1, 2, 3, *(size for power in range(2, 9) for size in (2**power, 3 * 2 ** (power - 1)))]
    return min(steps, key=lambda step: abs(step - words))


def topic_of(text: str, chance: random.Random) -> list[str]:
    """Return one to three words of `text`, none when it has no long ones."""
    words = list(dict.fromkeys(_WORD.findall(text)))
    return chance.sample(words, min(len(words), chance.randint(1, 3)))


def teach_writer(
    rows: Sequence[Row],
    model: Qwen2ForCausalLM,
    tokenizer: Tokenizer,
    plan: WriterPlan,
    device: str = "cuda",
) -> Qwen2ForCausalLM:
    """Teach the model to write each row from its brief; people's prompts count twice."""
    torch.manual_seed(plan.seed)
    chance = random.Random(plan.seed)  # noqa: S311  # Variety, not secrecy.
    model.to(device).train()
    model.model.embed_tokens.requires_grad_(False)
    taught = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(
        taught, lr=plan.rate, weight_decay=0.01, betas=(0.9, 0.98), fused=device != "cpu"
    )
    shown = [*rows, *(row for row in rows if row.by_people)]
    step, started = 0, time.monotonic()
    total = plan.epochs * -(-len(shown) // plan.batch)
    for epoch in range(plan.epochs):
        pairs = _pairs(shown, tokenizer, plan, chance)
        groups = by_length([brief + text for brief, text in pairs], plan.batch)
        for number in np.random.default_rng(plan.seed + epoch).permutation(len(groups)):
            set_rates(optimiser, [plan.rate], schedule(min(step / total, 1.0), plan.warm_up))
            some = [pairs[at] for at in groups[number]]
            loss = move(taught, [optimiser], _loss(model, some, device))
            step += 1
        seconds = time.monotonic() - started
        print(f"  writer, epoch {epoch + 1}: {seconds:.0f} s, loss {loss:.3f}", flush=True)
    return model.eval()


def _pairs(
    rows: Sequence[Row], tokenizer: Tokenizer, plan: WriterPlan, chance: random.Random
) -> list[tuple[list[int], list[int]]]:
    """Return (ids of the brief, ids of the prompt and its end) of rows that are short enough."""
    briefs = [
        brief_of(row, topic_of(row.text, chance) if chance.random() < plan.topics else ())
        for row in rows
    ]
    asked = tokenizer.encode_batch([BRIEF.format(brief=brief) for brief in briefs])
    written = tokenizer.encode_batch([row.text + END for row in rows])
    return [(a.ids, w.ids) for a, w in zip(asked, written, strict=True) if len(w.ids) <= LONGEST]


def _loss(
    model: Qwen2ForCausalLM, pairs: Sequence[tuple[list[int], list[int]]], device: str
) -> torch.Tensor:
    """Return the mean negative log likelihood of the prompts' pieces, not of their briefs'."""
    ids, mask = padded([brief + text for brief, text in pairs])
    wanted = ids.masked_fill(mask == 0, -100)
    for row, (brief, _) in zip(wanted, pairs, strict=True):
        row[: len(brief)] = -100
    ids, wanted = ids.to(device), wanted.to(device)
    with half_where_fast(device):
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
        told = wanted[:, 1:] != -100
        logits = model.lm_head(hidden[told])
    return functional.cross_entropy(logits.float(), wanted[:, 1:][told])


class OnlyTaught(LogitsProcessor):
    """Lets the writer use only pieces that occur in what it was taught."""

    def __init__(self, pieces: Sequence[int], vocabulary: int, device: str) -> None:
        self._shut = torch.full((vocabulary,), -torch.inf, device=device)
        self._shut[torch.tensor(sorted(set(pieces)), device=device)] = 0.0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return the scores with all other pieces out of reach."""
        return scores + self._shut


def draw_briefs(rows: Sequence[Row], count: int, plan: WriterPlan) -> list[str]:
    """Return `count` briefs: the manner of one row, the topic of another; tasks by square root."""
    chance = random.Random(plan.seed)  # noqa: S311  # Variety, not secrecy.
    people = [row for row in rows if row.by_people]
    writers = [row for row in rows if row.origin == "written"]
    weights = [_root_weights(some) for some in (people, writers)]
    result = []
    for _ in range(count):
        pool = 0 if chance.random() < plan.people else 1
        row = chance.choices((people, writers)[pool], cum_weights=weights[pool])[0]
        other = chance.choice(rows).text
        result.append(
            brief_of(row, topic_of(other, chance) if chance.random() < plan.topics else ())
        )
    return result


def _root_weights(rows: Sequence[Row]) -> list[float]:
    """Return cumulated weights with which each task comes as the root of its number."""
    counts = np.bincount([row.task for row in rows], minlength=len(TASKS))
    return np.cumsum([counts[row.task] ** -0.5 for row in rows]).tolist()


def write(
    model: Qwen2ForCausalLM,
    tokenizer: Tokenizer,
    briefs: Sequence[str],
    pieces: Sequence[int],
    plan: WriterPlan,
    until: float = float("inf"),
) -> list[str]:
    """Return a prompt for each brief that was ended in time; stop at `until` (monotonic seconds)."""
    torch.manual_seed(plan.seed)
    device = str(model.device)
    asked = [e.ids for e in tokenizer.encode_batch([BRIEF.format(brief=b) for b in briefs])]
    lengths = [int(brief.split("words: ")[1].split(";")[0]) for brief in briefs]
    rounds = np.array_split(np.argsort(lengths, kind="stable"), max(1, -(-len(briefs) // ROUND)))
    only = LogitsProcessorList([OnlyTaught(pieces, model.config.vocab_size, device)])
    end = tokenizer.token_to_id(END)
    result: list[str] = []
    started = time.monotonic()
    for number in np.random.default_rng(plan.seed).permutation(len(rounds)):
        some = rounds[number]
        ids, mask = _flush_right([asked[at] for at in some])
        room = min(LONGEST, 12 + 4 * max(lengths[at] for at in some))
        with torch.inference_mode(), half_where_fast(device):
            out = model.generate(
                input_ids=ids.to(device),
                attention_mask=mask.to(device),
                max_new_tokens=room,
                do_sample=True,
                temperature=plan.temperature,
                min_p=plan.least,
                top_k=0,
                top_p=1.0,
                eos_token_id=end,
                pad_token_id=end,
                logits_processor=only,
            )
        for told in out[:, ids.shape[1] :].cpu().tolist():
            if end in told:
                result.append(tokenizer.decode(told[: told.index(end)]).strip())
        rate = len(result) / (time.monotonic() - started)
        print(f"  {len(result):,} written, {rate:.0f} a second", flush=True)
        if time.monotonic() > until:
            break
    return result


def _flush_right(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids and mask [b, longest], each row at the right end."""
    ids, mask = padded([row[::-1] for row in rows])
    return ids.flip(1), mask.flip(1)
