"""OpenAI chat completions towards a backend: encode a request, decode what comes back.

Source: OpenAI API reference, "Chat Completions" (chunk object, usage chunk, finish reasons).
"""

from collections.abc import Mapping
from typing import Any

from routerd.core.errors import ProviderFailed
from routerd.core.request import (
    Image,
    Message,
    Request,
    ResponseFormat,
    Text,
    ToolCall,
    ToolResult,
)
from routerd.core.response import (
    Chunk,
    Finish,
    FinishReason,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    ToolCallDelta,
    Usage,
)
from routerd.dialects import strict_json, strict_schemas

_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "max_tokens": "length",
}
# vLLM, SGLang and OpenRouter close an answer that broke off with these.
_BROKEN_OFF = ("abort", "error")


def encode_request(
    request: Request, model: str, *, stream: bool, thinks: bool = False
) -> dict[str, Any]:
    """Return the body that asks `model` for an answer to `request`.

    `thinks`: the model takes a reasoning effort; others answer 400 to the word alone.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": [item for message in request.messages for item in _message(message)],
        "stream": stream,
    }
    if stream:
        body["stream_options"] = {"include_usage": True}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": dict(tool.schema),
                    **({"strict": True} if tool.strict else {}),
                },
            }
            for tool in request.tools
        ]
    if request.tool_choice:
        body["tool_choice"] = _tool_choice(request.tool_choice)
    if request.response_format.kind != "text":
        body["response_format"] = _response_format(request.response_format)
    body.update(_limits(request))
    if thinks and request.effort:
        body["reasoning_effort"] = request.effort
    return body


def _limits(request: Request) -> dict[str, Any]:
    limits = request.limits
    fields: dict[str, Any] = {
        "max_tokens": limits.max_output_tokens,
        "temperature": limits.temperature,
        "top_p": limits.top_p,
        "seed": limits.seed,
        "stop": list(limits.stop) or None,
        "presence_penalty": limits.presence_penalty,
        "frequency_penalty": limits.frequency_penalty,
        "parallel_tool_calls": False if request.tools and not request.parallel_tools else None,
        "logprobs": True if request.logprobs is not None else None,
        "top_logprobs": request.logprobs or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _tool_choice(choice: str) -> Any:
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


def _response_format(wanted: ResponseFormat) -> dict[str, Any]:
    if wanted.kind == "json_object":
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "json_schema": {
            "name": wanted.name,
            "schema": wanted.schema,
            "strict": strict_schemas.fits(wanted.schema),
        },
    }


def _message(message: Message) -> list[dict[str, Any]]:
    """Return one or more wire messages: each tool result is a message of its own."""
    results = [
        {"role": "tool", "tool_call_id": part.call_id, "content": part.text}
        for part in message.parts
        if isinstance(part, ToolResult)
    ]
    rest = [part for part in message.parts if isinstance(part, Text | Image)]
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    if not rest and not calls:
        return results or [{"role": message.role, "content": ""}]
    role = "user" if message.role == "tool" else message.role
    item: dict[str, Any] = {"role": role, "content": _content(rest) if rest else None}
    if calls:
        item["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in calls
        ]
    return [*results, item]


def _content(parts: list[Text | Image]) -> str | list[dict[str, Any]]:
    if all(isinstance(part, Text) for part in parts):
        return "\n".join(part.text for part in parts if isinstance(part, Text))
    return [
        {"type": "text", "text": part.text}
        if isinstance(part, Text)
        else {
            "type": "image_url",
            "image_url": {"url": f"data:{part.media_type};base64,{part.data}"},
        }
        for part in parts
    ]


class ChunkDecoder:
    """Decodes the chunk objects of one stream; `finish` tells whether it really ended."""

    def __init__(self) -> None:
        self._reason: FinishReason | None = None
        self._usage = Usage()
        self._next_call = 0

    def feed(self, obj: Mapping[str, Any]) -> tuple[Chunk, ...]:
        """Return what the object adds to the answer.

        Raises: ProviderFailed when it is an error object or has no sense.
        """
        if obj.get("error"):
            raise ProviderFailed("the backend failed", "died", said=error_text(obj))
        usage = obj.get("usage")
        if isinstance(usage, Mapping):
            self._usage = decode_usage(usage)
        choices = obj.get("choices")
        if not isinstance(choices, list):
            raise ProviderFailed("the backend sent an event without choices", "protocol")
        if not choices:
            return ()
        choice = choices[0]
        if not isinstance(choice, Mapping):
            raise ProviderFailed("the backend sent a choice that is not an object", "protocol")
        logprobs = _logprobs(choice.get("logprobs"))
        chunks = self._delta(choice.get("delta") or choice.get("message") or {}, logprobs)
        # Some gateways send "" instead of null until the end.
        if reason := choice.get("finish_reason"):
            if reason in _BROKEN_OFF:
                raise ProviderFailed(f"the backend broke the answer off ({reason})", "died")
            self._reason = _FINISH.get(str(reason), "stop")
        return chunks

    def _delta(self, delta: Any, logprobs: tuple[TokenLogprob, ...]) -> tuple[Chunk, ...]:
        if not isinstance(delta, Mapping):
            raise ProviderFailed("the backend sent a delta that is not an object", "protocol")
        chunks: list[Chunk] = []
        # DeepSeek, vLLM and llama.cpp say reasoning_content; OpenRouter and Ollama say reasoning.
        thinking = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(thinking, str) and thinking:
            chunks.append(ThinkingDelta(thinking))
        # A refusal comes beside the content, which is empty then.
        for content in (delta.get("content"), delta.get("refusal")):
            if isinstance(content, str) and content:
                chunks.append(TextDelta(content, logprobs))
        calls = delta.get("tool_calls") or []
        if not isinstance(calls, list):
            raise ProviderFailed("the backend sent tool calls that are not an array", "protocol")
        return (*chunks, *map(self._call, calls))

    def _call(self, call: Any) -> ToolCallDelta:
        if not isinstance(call, Mapping):
            raise ProviderFailed("the backend sent a tool call that is not an object", "protocol")
        function = call.get("function")
        function = function if isinstance(function, Mapping) else {}
        name = str(function.get("name") or "")
        index = call.get("index")
        if not isinstance(index, int) or index < 0:
            # Whole answers have no index, and neither do streams that send each call in one piece.
            index = self._next_call if name else max(self._next_call - 1, 0)
        self._next_call = max(self._next_call, index + 1)
        return ToolCallDelta(
            index=index,
            id=str(call.get("id") or ""),
            name=name,
            arguments=_json_text(function.get("arguments")),
        )

    @property
    def ended(self) -> bool:
        """Whether a finish reason has been seen."""
        return self._reason is not None

    def finish(self) -> Finish:
        """Return the end of the answer.

        Raises: ProviderFailed when the backend never said that it was done.
        """
        if self._reason is None:
            raise ProviderFailed("the backend ended without a finish reason", "died")
        reason = self._reason
        # Several servers close a tool call with "stop"; a client would then drop the call.
        if self._next_call and reason == "stop":
            reason = "tool_calls"
        return Finish(reason, self._usage)


def _logprobs(value: Any) -> tuple[TokenLogprob, ...]:
    """Return what is well formed of a choice's log probabilities; nobody depends on them."""
    content = value.get("content") if isinstance(value, Mapping) else None
    return tuple(
        TokenLogprob(
            item["token"],
            item["logprob"],
            tuple((t["token"], t["logprob"]) for t in item.get("top_logprobs") or () if _fit(t)),
        )
        for item in (content if isinstance(content, list) else ())
        if _fit(item)
    )


def _fit(item: Any) -> bool:
    return (
        isinstance(item, Mapping)
        and isinstance(item.get("token"), str)
        and isinstance(item.get("logprob"), int | float)
    )


def _json_text(arguments: Any) -> str:
    """Return a call's arguments as JSON text; some servers send the object itself."""
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return strict_json.dumps(arguments).decode()


def decode_response(obj: Mapping[str, Any]) -> tuple[Chunk, ...]:
    """Return a whole, non-streamed answer as chunks ending with Finish.

    Raises: ProviderFailed when it is none.
    """
    decoder = ChunkDecoder()
    chunks = decoder.feed(obj)
    return (*chunks, decoder.finish())


def decode_usage(usage: Mapping[str, Any]) -> Usage:
    """Return token counts; -1 where a count is missing or no whole number."""
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else 0
    made = usage.get("completion_tokens_details")
    thought = made.get("reasoning_tokens") if isinstance(made, Mapping) else 0
    return Usage(
        input_tokens=_count(usage.get("prompt_tokens"), -1),
        output_tokens=_count(usage.get("completion_tokens"), -1),
        cached_tokens=_count(cached, 0),
        reasoning_tokens=_count(thought, 0),
    )


def _count(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def error_text(obj: Mapping[str, Any], limit: int = 300) -> str:
    """Return a backend's own error text, shortened, on one line."""
    error = obj.get("error", obj)
    text = error.get("message") if isinstance(error, Mapping) else error
    if not isinstance(text, str) or not text:
        text = _detail(obj.get("detail")) or str(obj.get("message") or "no message given")
    return " ".join(text.split())[:limit]


def _detail(detail: Any) -> str:
    """Return FastAPI's text; its list form quotes the request, prompt and all, so only `msg`."""
    if isinstance(detail, list):
        texts = [str(item.get("msg", "")) for item in detail if isinstance(item, Mapping)]
        return "; ".join(text for text in texts if text)
    return detail if isinstance(detail, str) else ""
