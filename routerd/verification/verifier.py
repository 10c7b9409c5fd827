"""One complete answer against what the request asked for: implements `core.ports.Verifier`.

Form alone: arguments against their schema, JSON against the response format, code against its
grammar. Nothing is executed, nothing is fetched, nothing of the answer is kept or quoted.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from routerd.core.request import Request
from routerd.core.response import CompletedToolCall, FinishReason
from routerd.core.verdict import Verdict
from routerd.verification import code_fences, schemas

# Beyond this an answer is not looked at: checking must never be what takes the time.
MOST_CHARACTERS = 400_000


class AnswerVerifier:
    """Stateless; an answer that was cut off by its own limit is not checked."""

    def check(
        self,
        request: Request,
        text: str,
        tool_calls: Sequence[CompletedToolCall],
        finish: FinishReason,
    ) -> Verdict:
        """See `core.ports.Verifier.check`."""
        if finish in ("length", "content_filter") or len(text) > MOST_CHARACTERS:
            return Verdict()
        faults = [fault for call in tool_calls for fault in _call(request, call)]
        checked = len(tool_calls)
        if request.response_format.kind != "text" and not tool_calls:
            checked += 1
            faults += _json(request, text)
        elif not tool_calls:
            code = code_fences.check(text)
            checked += code.checked
            faults += code.faults
        return Verdict(checked, tuple(faults))


def _call(request: Request, call: CompletedToolCall) -> Iterator[str]:
    tool = next((tool for tool in request.tools if tool.name == call.name), None)
    if tool is None:
        yield "it calls a tool that the request doesn't offer"
        return
    if len(call.arguments) > schemas.MOST_CHARACTERS:
        return  # a file's worth of text; checking it would take longer than it is worth
    try:
        arguments = schemas.parse(call.arguments or "{}")
    except schemas.Unreadable as error:
        yield f"the arguments of {tool.name} are not JSON ({error})"
        return
    place = schemas.fault(_object(tool.schema), arguments)
    if place:
        yield f"the arguments of {tool.name} break its schema at {place}"


def _object(schema: Any) -> dict[str, Any]:
    # Arguments are an object even where a tool's schema doesn't say so.
    return {"type": "object", **schema}


def _json(request: Request, text: str) -> Iterator[str]:
    try:
        value = schemas.parse(text.strip())
    except schemas.Unreadable as error:
        yield f"the answer is not JSON ({error})"
        return
    wanted = request.response_format
    if wanted.kind == "json_object" and not isinstance(value, dict):
        yield "the answer is JSON, but no object"
    elif wanted.schema is not None:
        place = schemas.fault(json.loads(json.dumps(wanted.schema)), value)
        if place:
            yield f"the answer breaks its schema at {place}"
