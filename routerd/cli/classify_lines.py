"""JSON Lines in, readings out: the machine interface of `routerd classify`."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from routerd.core.errors import InvalidRequest
from routerd.core.request import Message, Request, Text
from routerd.dialects import openai_chat_door, strict_json
from routerd.endpoints import views
from routerd.understanding.classifier import OnnxUnderstanding


def view_of(understanding: OnnxUnderstanding, request: Request) -> dict[str, Any]:
    """Return the reading of one request with the time it took."""
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
        yield {"id": identity, **view_of(understanding, request)}
