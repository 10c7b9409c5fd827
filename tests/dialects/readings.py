"""Reads answers in every client dialect, streamed and whole, into one form that can be compared."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from routerd.core.request import Request
from routerd.core.response import Assembler, Chunk, Response, Usage
from routerd.dialects.sse import EventParser
from routerd.endpoints import doors
from routerd.endpoints.answering import Door


@dataclass(frozen=True, slots=True)
class Reading:
    """What a client has got: `calls` are (id, name, arguments as a value)."""

    text: str = ""
    thinking: str = ""
    calls: tuple[tuple[str, str, Any], ...] = ()
    stop: str = ""
    usage: tuple[int, int, int] = (0, 0, 0)
    model: str = ""


def _events(data: bytes) -> list[Any]:
    events = [event.data for event in EventParser().feed(data)]
    return [json.loads(event) for event in events if event != b"[DONE]"]


def _openai_usage(usage: Mapping[str, Any], given: str, made: str) -> tuple[int, int, int]:
    return usage[given], usage[made], usage[f"{given}_details"]["cached_tokens"]


def chat_whole(data: bytes) -> Reading:
    obj = json.loads(data)
    choice = obj["choices"][0]
    message = choice["message"]
    return Reading(
        message["content"] or "",
        message.get("reasoning_content", ""),
        tuple(_chat_call(call) for call in message.get("tool_calls", ())),
        choice["finish_reason"],
        _openai_usage(obj["usage"], "prompt_tokens", "completion_tokens"),
        obj["model"],
    )


def _chat_call(call: Mapping[str, Any]) -> tuple[str, str, Any]:
    function = call["function"]
    return call["id"], function["name"], json.loads(function["arguments"] or "{}")


def chat_stream(data: bytes) -> Reading:
    assert data.endswith(b"data: [DONE]\n\n")
    text, thinking, stop, usage, model = "", "", "", (0, 0, 0), ""
    calls: dict[int, dict[str, Any]] = {}
    for event in _events(data):
        model = event["model"]
        if event.get("usage"):
            usage = _openai_usage(event["usage"], "prompt_tokens", "completion_tokens")
        for choice in event["choices"]:
            delta = choice["delta"]
            text += delta.get("content") or ""
            thinking += delta.get("reasoning_content") or ""
            stop = choice["finish_reason"] or stop
            for piece in delta.get("tool_calls", ()):
                call = calls.setdefault(piece["index"], {"id": "", "name": "", "arguments": ""})
                call["id"] += piece.get("id") or ""
                call["name"] += piece["function"].get("name") or ""
                call["arguments"] += piece["function"].get("arguments") or ""
    told = tuple(
        (call["id"], call["name"], json.loads(call["arguments"] or "{}"))
        for _, call in sorted(calls.items())
    )
    return Reading(text, thinking, told, stop, usage, model)


def anthropic_whole(data: bytes) -> Reading:
    obj = json.loads(data)
    assert (obj["type"], obj["role"]) == ("message", "assistant")
    return _anthropic(obj["content"], obj["stop_reason"], obj["usage"], obj["model"])


def _anthropic(
    blocks: list[dict[str, Any]], stop: str, usage: Mapping[str, int], model: str
) -> Reading:
    cached = usage["cache_read_input_tokens"]
    given = usage["input_tokens"] + cached + usage["cache_creation_input_tokens"]
    return Reading(
        "".join(block["text"] for block in blocks if block["type"] == "text"),
        "".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
        tuple((b["id"], b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"),
        stop,
        (given, usage["output_tokens"], cached),
        model,
    )


class _Blocks:
    """The content blocks of a stream, of which one is open at a time."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []
        self.open = False
        self._partial = ""

    def start(self, event: Mapping[str, Any]) -> None:
        assert not self.open
        assert event["index"] == len(self.found)
        self.found.append(dict(event["content_block"]))
        self.open, self._partial = True, ""

    def more(self, event: Mapping[str, Any]) -> None:
        assert self.open
        assert event["index"] == len(self.found) - 1
        delta = event["delta"]
        if delta["type"] == "input_json_delta":
            self._partial += delta["partial_json"]
            return
        key = {"text_delta": "text", "thinking_delta": "thinking"}.get(delta["type"], "signature")
        self.found[-1][key] += delta[key]

    def stop(self, _: Mapping[str, Any]) -> None:
        self.open = False
        if self.found[-1]["type"] == "tool_use":
            self.found[-1]["input"] = json.loads(self._partial or "{}")


def anthropic_stream(data: bytes) -> Reading:
    blocks = _Blocks()
    read = {
        "content_block_start": blocks.start,
        "content_block_delta": blocks.more,
        "content_block_stop": blocks.stop,
    }
    raw = EventParser().feed(data)
    told = {}
    for event in raw:
        value = json.loads(event.data)
        assert value["type"] == event.name
        told[event.name] = value
        if event.name in read:
            read[event.name](value)
    assert raw[-1].name == "message_stop"
    assert not blocks.open
    end, model = told["message_delta"], told["message_start"]["message"]["model"]
    return _anthropic(blocks.found, end["delta"]["stop_reason"], end["usage"], model)


def _responses(obj: Mapping[str, Any]) -> Reading:
    text, thinking, calls = "", "", []
    for item in obj["output"]:
        if item["type"] == "message":
            text += "".join(part["text"] for part in item["content"])
        elif item["type"] == "reasoning":
            thinking += "".join(part["text"] for part in item["summary"])
        else:
            calls.append((item["call_id"], item["name"], json.loads(item["arguments"] or "{}")))
    stop = (obj["incomplete_details"] or {}).get("reason") or obj["status"]
    usage = _openai_usage(obj["usage"], "input_tokens", "output_tokens")
    return Reading(text, thinking, tuple(calls), stop, usage, obj["model"])


def responses_whole(data: bytes) -> Reading:
    return _responses(json.loads(data))


def responses_stream(data: bytes) -> Reading:
    """Read the deltas; they must say the same as the response object at the end."""
    events = _events(data)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    last = events[-1]
    assert last["type"] in ("response.completed", "response.incomplete")
    items: dict[int, dict[str, Any]] = {}
    said: dict[int, str] = {}
    for event in events:
        kind = event["type"]
        if kind == "response.output_item.added":
            items[event["output_index"]] = event["item"]
        elif kind.endswith(".delta"):
            assert items[event["output_index"]]["id"] == event["item_id"]
            place = event["output_index"]
            said[place] = said.get(place, "") + event["delta"]
        elif kind == "response.output_item.done":
            assert items[event["output_index"]]["id"] == event["item"]["id"]
            items[event["output_index"]] = event["item"]
    assert [items[place] for place in sorted(items)] == last["response"]["output"]
    for place, item in items.items():
        whole = _responses({**last["response"], "output": [item]})
        if item["type"] == "function_call":
            assert said.get(place, "") == item["arguments"]
        else:
            assert said.get(place, "") == whole.text + whole.thinking
    return _responses(last["response"])


def completions_whole(data: bytes) -> Reading:
    obj = json.loads(data)
    choice = obj["choices"][0]
    usage = _openai_usage(obj["usage"], "prompt_tokens", "completion_tokens")
    return Reading(choice["text"], "", (), choice["finish_reason"], usage, obj["model"])


def completions_stream(data: bytes) -> Reading:
    assert data.endswith(b"data: [DONE]\n\n")
    reading = Reading()
    for event in _events(data):
        reading = replace(reading, model=event["model"])
        if event.get("usage"):
            usage = _openai_usage(event["usage"], "prompt_tokens", "completion_tokens")
            reading = replace(reading, usage=usage)
        for choice in event["choices"]:
            stop = choice["finish_reason"] or reading.stop
            reading = replace(reading, text=reading.text + choice["text"], stop=stop)
    return reading


def ollama_whole(data: bytes) -> Reading:
    return _ollama([json.loads(data)])


def ollama_stream(data: bytes) -> Reading:
    assert data.endswith(b"\n")
    return _ollama([json.loads(line) for line in data.splitlines()])


def _ollama(lines: list[dict[str, Any]]) -> Reading:
    text, thinking = "", ""
    calls: list[tuple[str, str, Any]] = []
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    for line in lines:
        said = line.get("message", line)
        text += said.get("content", said.get("response", ""))
        thinking += said.get("thinking", "")
        for call in said.get("tool_calls", ()):
            function = call["function"]
            calls.append((call["id"], function["name"], function["arguments"]))
    last = lines[-1]
    usage = last.get("prompt_eval_count", 0), last.get("eval_count", 0), 0
    return Reading(text, thinking, tuple(calls), last["done_reason"], usage, last["model"])


@dataclass(frozen=True, slots=True)
class Client:
    """One client dialect: how it is answered, and how it reads answers.

    `stops` are the core's finish reasons in its words; `silent` what it has no place for.
    """

    door: Door
    whole: Callable[[bytes], Reading]
    stream: Callable[[bytes], Reading]
    stops: Mapping[str, str]
    silent: frozenset[str] = frozenset()


_SAME = {name: name for name in ("stop", "length", "tool_calls", "content_filter")}
CLIENTS: dict[str, Client] = {
    "openai": Client(doors.OPENAI_CHAT, chat_whole, chat_stream, _SAME),
    "openai_responses": Client(
        doors.OPENAI_RESPONSES,
        responses_whole,
        responses_stream,
        {
            **dict.fromkeys(_SAME, "completed"),
            "length": "max_output_tokens",
            "content_filter": "content_filter",
        },
    ),
    "openai_completions": Client(
        doors.OPENAI_COMPLETIONS,
        completions_whole,
        completions_stream,
        _SAME,
        frozenset({"calls", "thinking"}),
    ),
    "anthropic": Client(
        doors.ANTHROPIC,
        anthropic_whole,
        anthropic_stream,
        {
            "stop": "end_turn",
            "length": "max_tokens",
            "tool_calls": "tool_use",
            "content_filter": "refusal",
        },
    ),
    "ollama": Client(
        doors.OLLAMA_CHAT,
        ollama_whole,
        ollama_stream,
        {**_SAME, "tool_calls": "stop"},
        frozenset({"cached"}),
    ),
    "ollama_generate": Client(
        doors.OLLAMA_GENERATE,
        ollama_whole,
        ollama_stream,
        {**_SAME, "tool_calls": "stop"},
        frozenset({"calls", "cached"}),
    ),
}


def assembled(chunks: tuple[Chunk, ...], model: str) -> Response:
    """Return the whole answer."""
    assembler = Assembler()
    for chunk in chunks:
        assembler.add(chunk)
    return assembler.response(model)


def streamed(client: Client, chunks: tuple[Chunk, ...], request: Request) -> bytes:
    """Return the answer's bytes as they are streamed."""
    encoder = client.door.stream(request, "id0", 1_780_000_000)
    encoder.model = "a/b"
    return b"".join(map(encoder.encode, chunks))


def whole(client: Client, chunks: tuple[Chunk, ...], request: Request) -> bytes:
    """Return the answer's bytes as one body."""
    return client.door.whole(assembled(chunks, "a/b"), request, "id0", 1_780_000_000)


def expected(client: Client, chunks: tuple[Chunk, ...]) -> Reading:
    """Return what this client has to read, from the core's values alone."""
    response = assembled(chunks, "a/b")
    usage: Usage = response.usage
    calls = tuple((c.id, c.name, json.loads(c.arguments or "{}")) for c in response.tool_calls)
    return Reading(
        response.text,
        "" if "thinking" in client.silent else response.thinking,
        () if "calls" in client.silent else calls,
        client.stops[response.finish],
        (
            max(usage.input_tokens, 0),
            max(usage.output_tokens, 0),
            0 if "cached" in client.silent else usage.cached_tokens,
        ),
        "a/b",
    )
