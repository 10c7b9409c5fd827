"""Cost against quality over recorded outcomes: the table of figures.

`python -m tests.bench.bench_replay [OUTCOMES PRICES]`: five folds by problem, real classifier, the
daemon's own decision. Without arguments it replays models/abilities/data, with the complexity that
a model reads which was not taught on the problem: the shipped one was. About a minute and a half;
the first time five more, to read the prompts.
"""

import csv
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from routerd.cli import replay as command
from routerd.core.features import Reading
from routerd.replay import records, report

DATA = Path(__file__).parents[2] / "models" / "abilities" / "data"
# Sources below this many problems are printed, but say little.
FEW = 100


def main() -> None:
    """Replay and print."""
    outcomes, prices = sys.argv[1:3] or (DATA / "outcomes.csv.gz", DATA / "prices.json")
    problems = records.read_problems(Path(outcomes))
    readings = command.readings(problems)
    if not sys.argv[1:]:
        readings = _unseen(readings)
    found = report.replay(problems, records.read_tariffs(Path(prices)), readings)
    for line in command.lines(found):
        print(line)
    print("\nlead in area under the cost-quality curve, with its 95 % interval")
    for name, source in found["sources"].items():
        few = " (few problems)" if source["problems"] < FEW else ""
        print(f"{name}{few}")
        for rival, lead in source["lead_over"].items():
            print(f"  over {rival:7} {lead['lead']:+.4f} [{lead['low']:+.4f}, {lead['high']:+.4f}]")
    _verdict(found["mean"]["cost_cut"])


def _unseen(readings: Mapping[str, Reading]) -> Mapping[str, Reading]:
    with (DATA / "complexity_left_out.csv").open(encoding="utf-8") as file:
        complexity = {row["problem_id"]: float(row["complexity"]) for row in csv.DictReader(file)}
    return {
        name: replace(reading, complexity=complexity[name]) for name, reading in readings.items()
    }


def _verdict(cuts: Mapping[str, Mapping[str, Any]]) -> None:
    mine, oracle = cuts["0.98"]["routerd"], cuts["0.98"]["oracle"]
    print(
        f"\nof the oracle's cut, chosen for 98 %: {mine['cost_cut'] / max(oracle, 1e-9):.1%} "
        f"at {mine['quality_kept']:.1%} of the quality (goal 60 % at 98 %)"
    )
    mine = cuts["0.95"]["routerd"]
    print(f"cut chosen for 95 %: {mine['cost_cut']:.1%} at {mine['quality_kept']:.1%} (goal 60 %)")


if __name__ == "__main__":
    main()
