"""Screening measured: recall on planted secrets, false alarms on clean prompts, time a kilobyte.

`python -m tests.bench.bench_screening`. The clean prompts are the classifier's training prompts
of real people, which were published as clean; what is found in them is printed to be looked at.
"""

import gzip
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

from routerd.screening.screener import Screener
from tests.fakes import planted

PROMPTS = Path(__file__).parents[2] / "models" / "training" / "data" / "real.jsonl.gz"
EACH = 30


def prompts() -> list[str]:
    """Return the clean prompts."""
    with gzip.open(PROMPTS, "rt", encoding="utf-8") as lines:
        return [str(json.loads(line)["prompt"]) for line in lines]


def recall(screener: Screener, clean: list[str]) -> dict[str, object]:
    """Return how much of what was planted is found with at least its middle covered."""
    hit, all_, missed = Counter[str](), Counter[str](), Counter[str]()
    for plant in planted.corpus(7, EACH, clean):
        all_[plant.kind] += 1
        middle = (plant.start + plant.end) // 2
        if any(f.start <= middle < f.end for f in screener.scan(plant.text)):
            hit[plant.kind] += 1
        else:
            missed[plant.what] += 1
    return {
        "planted": dict(all_),
        "recall": {kind: round(hit[kind] / all_[kind], 4) for kind in all_},
        "missed": dict(missed.most_common(12)),
    }


def false_alarms(screener: Screener, clean: list[str]) -> dict[str, object]:
    """Return the share of clean prompts in which anything is found."""
    found = {
        number: [f.detector for f in spans]
        for number, text in enumerate(clean)
        if (spans := screener.scan(text))
    }
    return {
        "clean prompts": len(clean),
        "with an alarm": round(len(found) / len(clean), 4),
        "alarms by": Counter(name for names in found.values() for name in names),
    }


def speed(screener: Screener, clean: list[str]) -> dict[str, object]:
    """Return milliseconds of CPU a kilobyte, for short prompts and for a long tool result."""
    rng = random.Random(1)  # the same every time
    source = "\n".join(
        path.read_text("utf-8") for path in Path(__file__).parents[2].glob("routerd/[!s]*/*.py")
    )
    sizes = {
        "prompts": clean,
        "source files of 20 kB": [source[i : i + 20_000] for i in range(0, 200_000, 20_000)],
    }
    rng.shuffle(clean)
    told: dict[str, object] = {}
    for name, texts in sizes.items():
        kilobytes = sum(map(len, texts)) / 1e3
        best = min(_cpu_s(screener, texts) for _ in range(3))
        told[name] = f"{best * 1e3 / kilobytes:.3f} ms/kB over {kilobytes:.0f} kB"
    return told


def _cpu_s(screener: Screener, texts: list[str]) -> float:
    began_s = time.process_time()
    for text in texts:
        screener.scan(text)
    return time.process_time() - began_s


def main() -> int:
    """Print all figures as JSON."""
    screener, clean = Screener(), prompts()
    screener.scan("warm up")
    figures = {
        "detectors": len({d.id for d in screener.detectors}),
        **recall(screener, clean),
        **false_alarms(screener, clean),
        "speed": speed(screener, clean),
    }
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
