"""`classify`: the classifier alone, without a daemon; one prompt, or JSON Lines in and out."""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from routerd.cli.requests import text_of
from routerd.core.errors import InvalidRequest, RouterdError
from routerd.core.request import Message, Request, Text
from routerd.dialects import openai_chat_door, strict_json
from routerd.endpoints import views
from routerd.settings import load, places
from routerd.understanding.classifier import OnnxUnderstanding


def run(arguments: argparse.Namespace) -> int:
    """Classify. Raises: RouterdError when there is no usable model."""
    understanding = _load()
    try:
        if arguments.jsonl:
            return _lines(understanding)
        request = Request((Message("user", (Text(text_of(arguments)),)),))
        view = _read(understanding, request)
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


def _read(understanding: OnnxUnderstanding, request: Request) -> dict[str, Any]:
    began_s = time.perf_counter()
    reading = understanding.read_now(request)
    return views.reading(reading, (time.perf_counter() - began_s) * 1e3)


def request_from(line: str) -> tuple[Any, Request]:
    """Return (id, request) of one input line. Raises: InvalidRequest."""
    obj = strict_json.request_object(line.encode("utf-8", "surrogatepass"))
    if "messages" in obj:
        body = {"messages": obj["messages"]}
        return obj.get("id"), openai_chat_door.decode_request(strict_json.dumps(body))
    if not isinstance(obj.get("prompt"), str):
        raise InvalidRequest("'prompt' must be a string, or 'messages' an array.", "prompt")
    return obj.get("id"), Request((Message("user", (Text(obj["prompt"]),)),))


def answers(understanding: OnnxUnderstanding, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield one object a line; a line that can't be read gives its number and the reason."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            identity, request = request_from(line)
        except InvalidRequest as error:
            yield {"id": None, "line": number, "error": error.message}
            continue
        yield {"id": identity, **_read(understanding, request)}


def _lines(understanding: OnnxUnderstanding) -> int:
    faults = 0
    for answer in answers(understanding, sys.stdin):
        faults += "error" in answer
        print(json.dumps(answer))
    if faults:
        print(f"routerd: {faults} lines could not be read; see their `error`.", file=sys.stderr)
    return 1 if faults else 0
