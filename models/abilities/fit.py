"""Fits abilities on recorded outcomes and writes routerd/catalogue.toml.

`python -m models.abilities.fit` (about two minutes, most of it reading prompts the first time).
P(passed) = sigma(ability[model] + deviation[model, task] - difficulty[prompt] - offset[source]);
the difficulty is what the daemon itself says of the prompt.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.abilities import facts
from routerd.cli import replay as command
from routerd.core.features import Features
from routerd.policy import abilities, scores
from routerd.replay import ability_fit, records
from routerd.settings import catalogue_file
from routerd.settings.catalogue_file import words

HERE = Path(__file__).parent
DATED = "2026-11-24"
# What the benchmarks measure; DebugBench's and LiveCodeBench's repairs are debugging.
TASKS = {
    "cruxeval/input": "explanation",
    "cruxeval/output": "explanation",
    "debugbench": "debugging",
    "evalplus/evalperf": "generation",
    "livecodebench/codegen": "generation",
    "livecodebench/repair": "debugging",
    "livecodebench/testgen": "testing",
    "mint/humaneval_max5turns": "generation",
    "mint/mbpp_max5turns": "generation",
    "routellm/mmlu-cs": "explanation",
}
# These stand at 1 on the scale: 7B code models.
ANCHORS = ("deepseek-coder-6.7b", "codeqwen1.5-7b")
# A model's deviation on one task is pulled to its general ability, one source being one setting.
TASK_PULL = 25.0
# The scale must hold outside these benchmarks, so a standard error is never less than this.
LEAST_SD = 0.3
Floats = NDArray[np.float64]


def canonical(name: str) -> tuple[str, ...]:
    """Return the words of a benchmark's model name as the catalogue spells it."""
    for pattern, plain in facts.SPELLINGS:
        name = re.sub(pattern, plain, name)
    return words(name)


def table() -> list[dict[str, str]]:
    """Return the facts, a dict of text columns per model."""
    columns = ("name", "family", "match", "params_b", "context", "capabilities", "price")
    rows = []
    for line in facts.FACTS.strip().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        rows.append(dict(zip(columns, cells + [""] * (7 - len(cells)), strict=True)))
    return rows


def outcomes(
    rows: list[dict[str, str]],
) -> tuple[Floats, Floats, list[str], list[str]]:
    """Return passed [problems, models], difficulty [problems], sources and model names."""
    known = {}
    for row in rows:
        for pattern in (row["name"], *filter(None, row["match"].split(","))):
            known.setdefault(words(pattern), row["name"])
    problems = [
        p for p in records.read_problems(HERE / "data" / "outcomes.csv.gz") if p.source in TASKS
    ]
    readings = command.readings(problems)
    names = sorted({known[c] for p in problems for m in p.answers if (c := canonical(m)) in known})
    column = {name: i for i, name in enumerate(names)}
    passed = np.full((len(problems), len(names)), np.nan)
    for i, problem in enumerate(problems):
        found = defaultdict(list)
        for model, answer in problem.answers.items():
            if canonical(model) in known:
                found[known[canonical(model)]].append(answer.passed)
        for name, values in found.items():
            passed[i, column[name]] = np.mean(values)
    difficulty = np.array(
        [scores.difficulty(Features(readings[p.id], p.input_tokens)) for p in problems]
    )
    return passed, difficulty, [p.source for p in problems], names


def joint(
    passed: Floats, difficulty: Floats, sources: list[str]
) -> tuple[ability_fit.Abilities, dict[str, float]]:
    """Return general abilities and each source's offset, by turns until they stand still."""
    offset = dict.fromkeys(sources, 0.0)
    where = {name: np.array([s == name for s in sources]) for name in offset}
    fitted = ability_fit.fit(passed, difficulty)
    for _ in range(25):
        for name, mask in where.items():
            # A source is a model, too, whose ability is minus its offset.
            flat = passed[mask]
            margin = (difficulty[mask][:, None] - fitted.logits[None, :])[~np.isnan(flat)]
            alone = ability_fit.fit(flat[~np.isnan(flat)][:, None], margin, np.zeros(1))
            offset[name] = -float(alone.logits[0])
        extra = np.array([offset[name] for name in sources])
        fitted = ability_fit.fit(passed, difficulty + extra)
    return fitted, offset


def main() -> int:
    """Fit, write the catalogue, print what was found."""
    rows = table()
    passed, difficulty, sources, names = outcomes(rows)
    general, offset = joint(passed, difficulty, sources)
    extra = difficulty + np.array([offset[name] for name in sources])
    zero = 1.0 - np.mean([general.logits[names.index(a)] for a in ANCHORS if a in names])
    by_task: dict[str, dict[str, float]] = defaultdict(dict)
    for task in sorted(set(TASKS.values())):
        mask = np.array([TASKS[source] == task for source in sources])
        special = ability_fit.fit(passed[mask], extra[mask], general.logits, pull=TASK_PULL)
        for i, name in enumerate(names):
            if (~np.isnan(passed[mask][:, i])).sum() >= 30:
                by_task[name][task] = float(special.logits[i] + zero)
    fitted = {n: float(general.logits[i] + zero) for i, n in enumerate(names)}
    sd = {n: max(LEAST_SD, float(general.sd[i])) for i, n in enumerate(names)}
    text = "\n".join([_head(len(rows)), *(_entry(r, fitted, sd, by_task, rows) for r in rows)])
    catalogue_file.SHIPPED.write_text(text, encoding="utf-8")
    _report(passed, extra, general, fitted, offset, rows)
    return 0


def place(
    row: dict[str, str], fitted: dict[str, float], rows: list[dict[str, str]]
) -> tuple[float, float]:
    """Return ability and its spread of a model without outcomes: judged, else by kin and size."""
    if row["name"] in facts.PLACED:
        return facts.PLACED[row["name"]], facts.PLACED_SD
    size = float(row["params_b"] or 0)
    guess = abilities.guess(row["name"], size)
    kin = [
        fitted[r["name"]] - abilities.guess(r["name"], float(r["params_b"])).ability
        for r in rows
        if r["family"] == row["family"] and r["name"] in fitted and r["params_b"]
    ]
    # Kin say how far the family stands from what size alone lets expect; half of it is believed.
    return guess.ability + (0.5 * float(np.mean(kin)) if kin else 0.0), guess.sd


def _head(count: int) -> str:
    return (
        "# What routerd knows of models: names, sizes, prices, abilities. Made by\n"
        "# `python -m models.abilities.fit` from models/abilities/facts.py and recorded outcomes;\n"
        "# entries of your own go into catalogue.toml in routerd's home and win over these.\n"
        f'# {count} models.\ndated = "{DATED}"\n'
    )


def _entry(
    row: dict[str, str],
    fitted: dict[str, float],
    sd: dict[str, float],
    by_task: dict[str, dict[str, float]],
    rows: list[dict[str, str]],
) -> str:
    name = row["name"]
    ability, spread = (fitted[name], sd[name]) if name in fitted else place(row, fitted, rows)
    lines = ["[[model]]", f'name = "{name}"', f'family = "{row["family"]}"']
    lines.append(f"match = {_names(row['match'])}")
    lines += [f"ability = {ability:.2f}", f"ability_sd = {spread:.2f}"]
    lines.append(f'basis = "{"fitted" if name in fitted else "family"}"')
    if by_task.get(name):
        told = ", ".join(f"{task} = {value:.2f}" for task, value in by_task[name].items())
        lines.append(f"abilities = {{ {told} }}")
    if row["params_b"]:
        lines.append(f"params_b = {float(row['params_b'])}")
    if row["context"]:
        lines.append(f"context_tokens = {int(row['context'])}")
    if row["capabilities"]:
        lines.append(f"capabilities = {_names(row['capabilities'])}")
    if row["price"]:
        amounts, source = row["price"].split()
        into, out, cached = map(float, amounts.split("/"))
        read = "models.dev" if source == "D" else "models/abilities/data/prices.json"
        lines.append(
            f"price = {{ input = {into}, output = {out}, cached_input = {cached}, "
            f'date = "{DATED}", source = "{read}" }}'
        )
    return "\n".join(lines) + "\n"


def _names(cells: str) -> str:
    return "[" + ", ".join(f'"{cell}"' for cell in cells.split(",") if cell) + "]"


def _report(
    passed: Floats,
    extra: Floats,
    general: ability_fit.Abilities,
    fitted: dict[str, float],
    offset: dict[str, float],
    rows: list[dict[str, str]],
) -> None:
    tried = ~np.isnan(passed)
    expected = ability_fit.sigmoid(general.logits[None, :] - extra[:, None])[tried]
    edges = np.quantile(expected, np.linspace(0, 1, 11))
    bins = np.clip(np.digitize(expected, edges[1:-1]), 0, 9)
    gaps = [abs(expected[bins == b].mean() - passed[tried][bins == b].mean()) for b in range(10)]
    print(f"{tried.sum()} outcomes, calibration error in deciles {np.mean(gaps):.4f}")
    print("offsets", {name: round(value, 2) for name, value in offset.items()})
    print("abilities", {n: round(v, 2) for n, v in sorted(fitted.items(), key=lambda kv: kv[1])})
    sized = [(r, fitted[r["name"]]) for r in rows if r["params_b"] and r["name"] in fitted]
    size = np.log([float(r["params_b"]) / 7 for r, _ in sized])
    coder = [any(w in r["name"] for w in abilities.CODER_WORDS) for r, _ in sized]
    x = np.stack([np.ones(len(sized)), size, np.array(coder, float)], axis=1)
    y = np.array([v for _, v in sized])
    found, *_ = np.linalg.lstsq(x, y, rcond=None)
    print(
        f"by size: at 7B {found[0]:.2f}, per e-fold {found[1]:.2f}, coder {found[2]:+.2f}, "
        f"residual sd {np.std(y - x @ found):.2f} over {len(sized)} models"
    )


if __name__ == "__main__":
    sys.exit(main())
