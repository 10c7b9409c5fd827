"""OpenAI responses towards a client: the events of a streamed answer.

Every item is opened when its first piece comes and closed at the end; items have numbers, so pieces
of several may come in any order.

Source: OpenAI API reference, "Streaming events" of responses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from routerd.core.errors import RouterdError
from routerd.core.request import Request, Tool
from routerd.core.response import (
    Chunk,
    Finish,
    Native,
    Progress,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    ToolCallDelta,
)
from routerd.dialects import openai_responses_answer as answer
from routerd.dialects import passthrough, sse, strict_json


@dataclass(slots=True)
class _Item:
    """One item of the output on its way; `place` is its number in the output."""

    place: int
    kind: str
    index: int = 0
    text: str = ""
    id: str = ""
    name: str = ""
    sealed: str = ""
    tool: Tool | None = None
    logprobs: list[TokenLogprob] = field(default_factory=list)


@dataclass(slots=True)
class StreamEncoder:
    """Encodes the chunks of one answer as server-sent events; `keep` is told its items at the end."""

    identity: str
    created: int
    request: Request
    model: str = ""
    keep: Callable[[Sequence[Mapping[str, Any]]], None] = answer.keep_nothing
    _native: bool = False
    _number: int = 0
    _began: bool = False
    _items: dict[str, _Item] = field(default_factory=dict)

    def encode(self, chunk: Chunk) -> bytes:
        """Return the events for one chunk. Raises: ProviderFailed for arguments that break."""
        match chunk:
            case Progress(message=message):
                return sse.comment(message)
            case Native(data=data, name=name):
                self._native = True
                self._number += 1  # an error's event has the number after theirs
                return sse.encode(self._with_model(data), name)
            case _ if self._native:
                return b""
            case Finish():
                return self._begin() + self._finish(chunk)
            case TextDelta():
                return self._begin() + self._text(chunk)
            case ThinkingDelta():
                return self._begin() + self._thinking(chunk)
            case ToolCallDelta():
                return self._begin() + self._call(chunk)

    def _with_model(self, data: bytes) -> bytes:
        # Only the first and the last events hold the response, and the last one may be large.
        if b'"response"' not in data:
            return data
        return passthrough.with_inner(data, "response", {"model": self.model})

    def _begin(self) -> bytes:
        if self._began:
            return b""
        self._began = True
        head = answer.frame(self.identity, self.created, self.model, self.request)
        response = {**head, "output": [], "usage": None}
        return self._event("response.created", response=response) + self._event(
            "response.in_progress", response=response
        )

    def _event(self, kind: str, **fields: Any) -> bytes:
        body = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return sse.encode(strict_json.dumps(body), kind)

    def _open(self, key: str, kind: str, **facts: Any) -> tuple[_Item, bytes]:
        if key in self._items:
            return self._items[key], b""
        item = self._items[key] = _Item(len(self._items), kind, **facts)
        added = self._whole(item, "in_progress")
        return item, self._event("response.output_item.added", output_index=item.place, item=added)

    def _about(self, item: _Item) -> dict[str, Any]:
        return {"item_id": self._whole(item, "in_progress")["id"], "output_index": item.place}

    def _text(self, chunk: TextDelta) -> bytes:
        known = "message" in self._items
        item, out = self._open("message", "message")
        about = {**self._about(item), "content_index": 0}
        if not known:
            part = answer.text_part("")
            out += self._event("response.content_part.added", **about, part=part)
        item.text += chunk.text
        item.logprobs += chunk.logprobs
        logprobs = answer.text_part("", chunk.logprobs)["logprobs"]
        return out + self._event(
            "response.output_text.delta", **about, delta=chunk.text, logprobs=logprobs
        )

    def _thinking(self, chunk: ThinkingDelta) -> bytes:
        item, out = self._open("reasoning", "reasoning")
        item.sealed = chunk.signature or item.sealed
        if not chunk.text:
            return out
        about = {**self._about(item), "summary_index": 0}
        if not item.text:
            part = {"type": "summary_text", "text": ""}
            out += self._event("response.reasoning_summary_part.added", **about, part=part)
        item.text += chunk.text
        return out + self._event("response.reasoning_summary_text.delta", **about, delta=chunk.text)

    def _call(self, chunk: ToolCallDelta) -> bytes:
        item, out = self._open(
            f"call {chunk.index}",
            "call",
            index=sum(item.kind == "call" for item in self._items.values()),
            id=chunk.id,
            name=chunk.name,
            tool=answer.declared(self.request, chunk.name),
        )
        item.text += chunk.arguments
        # A custom tool takes free text; it can only be read out of the arguments at their end.
        if (item.tool and item.tool.custom) or not chunk.arguments:
            return out
        return out + self._event(
            "response.function_call_arguments.delta", **self._about(item), delta=chunk.arguments
        )

    def _whole(self, item: _Item, status: str) -> dict[str, Any]:
        done = status == "completed"
        if item.kind == "reasoning":
            text, sealed = (item.text, item.sealed) if done else ("", "")
            return answer.reasoning_item(self.identity, text, sealed)
        if item.kind == "message":
            parts = [answer.text_part(item.text, tuple(item.logprobs))] if done else []
            return answer.message_item(self.identity, status, *parts)
        call = (item.id, item.name, item.text if done else "")
        return answer.call_item(self.identity, item.index, call, status, item.tool)

    def _close(self, item: _Item) -> bytes:
        whole = self._whole(item, "completed")
        about = {"item_id": whole["id"], "output_index": item.place}
        out = b""
        if item.kind == "message":
            part = whole["content"][0]
            about["content_index"] = 0
            out += self._event(
                "response.output_text.done", **about, text=item.text, logprobs=part["logprobs"]
            )
            out += self._event("response.content_part.done", **about, part=part)
        elif item.kind == "reasoning" and item.text:
            about["summary_index"] = 0
            out += self._event("response.reasoning_summary_text.done", **about, text=item.text)
            part = whole["summary"][0]
            out += self._event("response.reasoning_summary_part.done", **about, part=part)
        elif item.tool and item.tool.custom:
            given = whole["input"]
            out += self._event("response.custom_tool_call_input.delta", **about, delta=given)
            out += self._event("response.custom_tool_call_input.done", **about, input=given)
        elif item.kind == "call":
            done = {"arguments": item.text, "name": whole["name"]}
            out += self._event("response.function_call_arguments.done", **about, **done)
        return out + self._event("response.output_item.done", output_index=item.place, item=whole)

    def _finish(self, chunk: Finish) -> bytes:
        out = b"" if self._items else self._text(TextDelta(""))
        items = list(self._items.values())
        out += b"".join(map(self._close, items))
        head = answer.frame(self.identity, self.created, self.model, self.request, chunk.reason)
        output = [self._whole(item, "completed") for item in items]
        self.keep(output)
        response = {**head, "output": output, "usage": answer.usage_object(chunk.usage)}
        return out + self._event(f"response.{response['status']}", response=response)

    def error(self, error: RouterdError) -> bytes:
        """Return the event that says the answer failed; it takes the terminal event's place."""
        head = answer.frame(self.identity, self.created, self.model, self.request)
        told = answer.error_object(error)["error"]
        failed = {"code": told["code"] or "server_error", "message": told["message"]}
        response = {**head, "status": "failed", "error": failed, "output": [], "usage": None}
        return self._event("response.failed", response=response)
