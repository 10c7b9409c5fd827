"""Scores a model folder on labelled prompts: `python -m models.training.evaluate`.

Reads every prompt exactly as the daemon does (same text, same rules, same session) and prints
accuracy, macro F1, recall and confusion of each task, calibration, complexity, language, and how
often a reworded prompt keeps its task. Without --data it takes the held-out sources.
`routerd classify --score FILE` does the same with the installed model.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from models.training.rows import DATA
from routerd.cli import classify_score
from routerd.understanding.classifier import OnnxUnderstanding

HELD_OUT = DATA / "held_out" / "real.jsonl"
HERE = Path(__file__).parent


def main() -> None:
    """Parse the command line, score, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=HERE.parent / "router")
    parser.add_argument("--data", type=Path, default=HELD_OUT, help="JSON Lines with labels")
    options = parser.parse_args()
    print(json.dumps(evaluate(options.model, options.data), indent=1))


def evaluate(model: Path, data: Path = HELD_OUT) -> dict[str, Any]:
    """Return all scores of the model in a folder. Raises: RuntimeError when it can't be used."""
    labelled = classify_score.read(data)
    understanding = OnnxUnderstanding(model)
    understanding.load()
    if not understanding.state.startswith("ready"):
        raise RuntimeError(f"{model}: {understanding.state}")
    try:
        return classify_score.report_on(understanding, labelled)
    finally:
        understanding.close()


if __name__ == "__main__":
    main()
