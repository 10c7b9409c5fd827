"""Cost against quality over recorded outcomes: the table of figures.

`python -m tests.bench.bench_replay [OUTCOMES PRICES]`: five folds by problem, real classifier, the
daemon's own decision. Without arguments it replays models/abilities/data. About a minute and a
half; the first time five more, to read the prompts.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from routerd.cli import replay as command
from routerd.replay import records, report

DATA = Path(__file__).parents[2] / "models" / "abilities" / "data"
# Sources below this many problems are printed, but say little.
FEW = 100


def main() -> None:
    """Replay and print."""
    outcomes, prices = sys.argv[1:3] or (DATA / "outcomes.csv.gz", DATA / "prices.json")
    problems = records.read_problems(Path(outcomes))
    found = report.replay(problems, records.read_tariffs(Path(prices)), command.readings(problems))
    for line in command.lines(found):
        print(line)
    print("\nlead in area under the cost-quality curve, with its 95 % interval")
    for name, source in found["sources"].items():
        few = " (few problems)" if source["problems"] < FEW else ""
        print(f"{name}{few}")
        for rival, lead in source["lead_over"].items():
            print(f"  over {rival:7} {lead['lead']:+.4f} [{lead['low']:+.4f}, {lead['high']:+.4f}]")
        for share, cuts in source["cost_cut"].items():
            print(
                f"  at {share} chosen on training folds: {_told(cuts['chosen_on_training_folds'])}"
            )
    _verdict(found["mean"]["cost_cut"])


def _told(figures: Mapping[str, Any]) -> str:
    return f"cut {figures['cost_cut']:.1%} at {figures['quality_kept']:.1%} of the quality"


def _verdict(cuts: Mapping[str, Mapping[str, float]]) -> None:
    part = cuts["0.98"]["routerd"] / max(cuts["0.98"]["oracle"], 1e-9)
    print(f"\nof the oracle's cut at 98 %: {part:.1%} (goal 60 %)")
    print(f"cut at 95 %: {cuts['0.95']['routerd']:.1%} (goal 60 %)")


if __name__ == "__main__":
    main()
