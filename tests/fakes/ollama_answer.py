"""How the fake Ollama server answers chat and generate, whole, streamed and broken."""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes.http_server import Wire
from tests.fakes.ollama_model import FakeModel, Fault, example, tokens

_DURATION = re.compile(r"(-?[\d.]+)(ms|s|m|h)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Refused(Exception):
    """An answer of the form {"error": text}."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(slots=True)
class Work:
    """One chat or generate request on its way."""

    model: FakeModel
    asked: Mapping[str, Any]
    chat: bool
    prompt_tokens: int
    began_ns: int = field(default_factory=time.perf_counter_ns)

    def line(self, text: str = "", *, done: bool = False, **more: Any) -> dict[str, Any]:
        """Return one object of the stream; `more` stands beside the text."""
        body = {"role": "assistant", "content": text, **more}
        return {
            "model": self.asked["model"],
            "created_at": _now(),
            **({"message": body} if self.chat else {"response": text, **more}),
            "done": done,
        }

    @property
    def thinks(self) -> bool:
        """Models that can think do, unless told not to."""
        asked = self.asked.get("think")
        return "thinking" in self.model.capabilities and asked is not False

    @property
    def calls(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """The tool calls to make; after a tool result there are none."""
        messages = self.asked.get("messages") or [{}]
        offered = self.asked.get("tools") and messages[-1].get("role") != "tool"
        return self.model.tool_calls if offered else ()

    @property
    def text(self) -> str:
        """The answer's text."""
        wanted = self.asked.get("format")
        if isinstance(wanted, dict):
            return json.dumps(example(wanted))
        if wanted == "json":
            return json.dumps({"answer": self.model.reply})
        if wanted:
            text = f'invalid format: "{wanted}"; expected "json" or a valid JSON Schema object'
            raise Refused(500, text)
        text = self.model.middle if self.asked.get("suffix") else self.model.reply
        for stop in (self.asked.get("options") or {}).get("stop") or ():
            text = text.partition(stop)[0]
        return text


def check(model: FakeModel, asked: Mapping[str, Any], wanted: Sequence[str], verb: str) -> None:
    """Refuse what the model can't do, in the real server's words."""
    if asked.get("think") and "thinking" not in model.capabilities:
        raise Refused(400, f'"{asked["model"]}" does not support thinking')
    missing = [ability for ability in wanted if ability not in model.capabilities]
    if "completion" in missing:
        raise Refused(400, f'"{asked["model"]}" does not support {verb}')
    if missing:
        full = f"registry.ollama.ai/library/{model.name}"
        raise Refused(400, f"{full} does not support {' '.join(missing)}")


def answer_lines(work: Work) -> Iterator[dict[str, Any]]:
    """Yield the objects of the stream, one a token, the last one with the counts."""
    calls = work.calls
    pieces = [(piece, True) for piece in (tokens(work.model.thinking) if work.thinks else ())]
    pieces += [(piece, False) for piece in (() if calls else tokens(work.text))]
    limit = int((work.asked.get("options") or {}).get("num_predict") or -1)
    cut = 0 < limit < len(pieces)
    for piece, thought in pieces[:limit] if cut else pieces:
        yield work.line(thinking=piece) if thought else work.line(piece)
    for index, (name, arguments) in enumerate(calls):
        function = {"index": index, "name": name, "arguments": arguments}
        yield work.line(tool_calls=[{"id": f"call_{index:08d}", "function": function}])
    took = time.perf_counter_ns() - work.began_ns
    yield {
        **work.line(done=True),
        "done_reason": "length" if cut else "stop",
        **({} if work.chat else {"context": [1, 2, 3]}),
        "total_duration": took,
        "load_duration": 1_000_000,
        "prompt_eval_count": work.prompt_tokens,
        "prompt_eval_duration": 1_000_000,
        "eval_count": limit if cut else len(pieces) + len(calls),
        "eval_duration": took,
    }


def joined(lines: Sequence[dict[str, Any]], *, chat: bool) -> dict[str, Any]:
    """Return the one object of an answer that is not streamed."""
    parts = [line["message"] if chat else line for line in lines]
    text = "".join(part["content" if chat else "response"] for part in parts)
    thinking = "".join(part.get("thinking", "") for part in parts)
    calls = [call for part in parts for call in part.get("tool_calls", ())]
    more = {"thinking": thinking} if thinking else {}
    more |= {"tool_calls": calls} if calls else {}
    if not chat:
        return {**lines[-1], "response": text, **more}
    return {**lines[-1], "message": {"role": "assistant", "content": text, **more}}


async def fail_early(model: FakeModel, wire: Wire) -> None:
    """Do what the model's fault asks for before the first byte."""
    if model.fault == "status-500":
        raise Refused(500, "llama runner process has terminated: exit status 2")
    if model.fault == "status-503":
        raise Refused(503, "server busy, please try again.  maximum pending requests exceeded")
    if model.fault == "hang-before":
        await wire.silence()


async def stream(lines: Sequence[dict[str, Any]], fault: Fault, wire: Wire) -> None:
    """Send the lines as ndjson, or some of them and then the fault."""
    await wire.begin("application/x-ndjson")
    for line in lines[:2] if fault else lines:
        await wire.chunk(_ndjson(line))
    if fault == "error-line":
        await wire.chunk(_ndjson({"error": "an error was encountered while running the model"}))
    elif fault == "not-json":
        await wire.chunk(b"<html>\n")
    elif fault == "hang":
        await wire.silence()
    elif fault == "cut":
        wire.finish()
        return
    elif fault == "reset":
        wire.reset()
        return
    await wire.end()


async def done_at_once(asked: Mapping[str, Any], wire: Wire, reason: str, *, chat: bool) -> None:
    """Answer a request to load or unload: one object, whatever `stream` says."""
    body = {"message": {"role": "assistant", "content": ""}} if chat else {"response": ""}
    head = {"model": asked["model"], "created_at": _now()}
    await wire.json(200, {**head, **body, "done": True, "done_reason": reason})


def keep_alive_s(asked: Mapping[str, Any]) -> float | None:
    """Return `keep_alive` in seconds; it is a number of them or a text like "5m"."""
    value = asked.get("keep_alive")
    if isinstance(value, str):
        return sum(float(number) * _UNIT_S[unit] for number, unit in _DURATION.findall(value))
    return None if value is None else float(value)


def _ndjson(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
