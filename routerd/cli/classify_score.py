"""`classify --score`: how well the classifier reads prompts whose labels are known."""

import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from routerd.cli import progress
from routerd.cli.classify_lines import request_from
from routerd.core.errors import InvalidRequest
from routerd.core.features import TASKS
from routerd.core.request import Message, Request, Text
from routerd.understanding.classifier import OnnxUnderstanding
from routerd.understanding.quality import Judged, score
from routerd.understanding.rewordings import REWORDINGS

SEED = 11


@dataclass(frozen=True, slots=True)
class Labelled:
    """One line of the file: the request, its prompt where it is a single one, and its labels."""

    request: Request
    prompt: str
    labels: Mapping[str, Any]


def run(understanding: OnnxUnderstanding, path: Path, *, as_json: bool) -> int:
    """Score the labelled prompts of a JSON Lines file. Raises: InvalidRequest naming the line."""
    report = report_on(understanding, read(path))
    if as_json or not sys.stdout.isatty():
        print(json.dumps(report))
    else:
        show(report, Console())
    return 0


def read(path: Path) -> list[Labelled]:
    """Return the file's lines. Raises: InvalidRequest naming the first that can't be used."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path} can't be read: {error}.", "score") from error
    found = [_labelled(line, f"{path}:{n}") for n, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise InvalidRequest(f"{path} holds no labelled prompt.", "score")
    return found


def report_on(understanding: OnnxUnderstanding, labelled: Sequence[Labelled]) -> dict[str, Any]:
    """Return all scores, and how often a reworded prompt keeps its task."""
    return {
        **score([_judge(understanding, one) for one in progress.steps(labelled, "reading")]),
        "same_task": same_task(understanding, labelled),
    }


def same_task(understanding: OnnxUnderstanding, labelled: Sequence[Labelled]) -> dict[str, float]:
    """Return the share of single prompts whose task stays the same, by kind of rewording."""
    source = random.Random(SEED)  # noqa: S311  # Variety, not secrecy.
    prompts = [one.prompt for one in labelled if one.prompt]
    if not prompts:
        return {}
    plain = [_task(understanding, prompt) for prompt in prompts]
    shares = {}
    for name, reword in REWORDINGS.items():
        changed = [_task(understanding, reword(prompt, source)) for prompt in prompts]
        same = sum(a == b for a, b in zip(plain, changed, strict=True))
        shares[name] = round(same / len(prompts), 4)
    return {**shares, "mean": round(sum(shares.values()) / len(shares), 4)}


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print the report for a person."""
    complexity, language = report["complexity"], report["language"]
    console.print(
        f"{report['rows']} prompts: [bold]{report['accuracy']:.1%}[/] right, macro F1 "
        f"{report['macro_f1']:.3f}, calibration error {report['ece']:.3f}"
    )
    if "spearman" in complexity:
        console.print(f"complexity  rank correlation {complexity['spearman']:.2f}")
    if language["named_rows"]:
        console.print(
            f"language    {language['accuracy']:.1%}, where named {language['named_accuracy']:.1%}"
        )
    if report["same_task"]:
        kept = ", ".join(f"{name} {share:.0%}" for name, share in report["same_task"].items())
        console.print(f"same task   {kept}")
    table = Table("label, read as", "recall", *(task[:6] for task in TASKS), box=None)
    for task, row in report["confusion"].items():
        cells = (str(row[other] or "·") for other in TASKS)
        table.add_row(task, f"{report['recall'][task]:.0%}", *cells)
    console.print(table)


def _labelled(line: str, place: str) -> Labelled:
    try:
        _, request = request_from(line)
        labels = json.loads(line)
        if labels.get("task") not in TASKS:
            raise InvalidRequest(f"'task' must be one of {', '.join(TASKS)}.", "task")
    except InvalidRequest as error:
        raise InvalidRequest(f"{place}: {error.message}", "score") from error
    level = labels.get("complexity")
    if level is not None and level not in (1, 2, 3, 4, 5):
        raise InvalidRequest(f"{place}: 'complexity' must be 1 to 5.", "score")
    return Labelled(request, str(labels.get("prompt", "")), labels)


def _judge(understanding: OnnxUnderstanding, one: Labelled) -> Judged:
    level = one.labels.get("complexity")
    return Judged(
        reading=understanding.read_now(one.request),
        task=one.labels["task"],
        complexity=None if level is None else (level - 1) / 4,
        language=one.labels.get("language"),
    )


def _task(understanding: OnnxUnderstanding, prompt: str) -> str:
    return understanding.read_now(Request((Message("user", (Text(prompt),)),))).task
