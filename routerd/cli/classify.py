"""`classify`: the classifier alone, without a daemon; one prompt, or JSON Lines in and out."""

import argparse
import json
import sys

from routerd.cli import classify_score
from routerd.cli.classify_lines import answers, view_of
from routerd.cli.requests import text_of
from routerd.core.errors import RouterdError
from routerd.core.request import Message, Request, Text
from routerd.settings import load, places
from routerd.understanding.classifier import OnnxUnderstanding


def run(arguments: argparse.Namespace) -> int:
    """Classify. Raises: RouterdError when there is no usable model."""
    understanding = _load()
    try:
        if arguments.jsonl:
            return _lines(understanding)
        if arguments.score:
            return classify_score.run(understanding, arguments.score, as_json=arguments.json)
        request = Request((Message("user", (Text(text_of(arguments)),)),))
        view = view_of(understanding, request)
    finally:
        understanding.close()
    if arguments.json or not sys.stdout.isatty():
        print(json.dumps(view))
        return 0
    sure = f"{view['task_confidence']:.0%} sure"
    print(f"task        {view['task']} ({sure})\ncomplexity  {view['complexity']:.2f} of 1")
    print(f"language    {view['language']}\ntook        {view['ms']:.1f} ms")
    return 0


def _load() -> OnnxUnderstanding:
    settings = load.load(places.find().config).understanding
    understanding = OnnxUnderstanding(
        places.shipped_model("router"),
        max_tokens=settings.max_tokens,
        threads=settings.intra_op_threads,
    )
    understanding.load()
    if not understanding.state.startswith("ready"):
        raise RouterdError(f"The classifier can't be used: {understanding.state}.")
    return understanding


def _lines(understanding: OnnxUnderstanding) -> int:
    faults = 0
    for answer in answers(understanding, sys.stdin):
        faults += "error" in answer
        print(json.dumps(answer))
    if faults:
        print(f"routerd: {faults} lines could not be read; see their `error`.", file=sys.stderr)
    return 1 if faults else 0
