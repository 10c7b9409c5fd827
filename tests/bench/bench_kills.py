"""Kills a loaded daemon: `python -m tests.bench.bench_kills [KILLS [SEED]]`, 1 000 by default.

Prints what was acknowledged and what of it was lost; exit code 1 where anything was.
"""

import json
import sys
import tempfile
from pathlib import Path

from tests.fakes.kill_storm import Storm


def main(kills: int, seed: int) -> int:
    """Kill so often and print the figures as JSON."""
    with tempfile.TemporaryDirectory() as folder, Storm(Path(folder) / "home", seed) as storm:
        for _ in range(kills):
            storm.round()
        storm.last()
        print(json.dumps(storm.figures.told(), indent=2))
        faults = [*storm.figures.lost, *storm.figures.corrupt]
        print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(*numbers, *(1000, 1)[len(numbers) :])))
