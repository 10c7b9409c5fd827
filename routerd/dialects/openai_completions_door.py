"""OpenAI completions (the old kind, used for fill in the middle) towards a client, both ways.

Source: OpenAI API reference, "Completions" (legacy).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routerd.core.errors import InvalidRequest, RouterdError
from routerd.core.request import Limits, Message, Request, Text
from routerd.core.response import (
    Chunk,
    Finish,
    Native,
    Progress,
    Response,
    TextDelta,
    TokenLogprob,
)
from routerd.dialects import openai_chat_answer, passthrough, sse, strict_json
from routerd.dialects.fields import (
    MAX_TOKENS,
    integer,
    metadata_session,
    number,
    optional,
    strings,
)


def decode_request(body: bytes) -> Request:
    """Return the request a client wrote. Raises: InvalidRequest naming the field at fault."""
    obj = strict_json.request_object(body)
    for name in ("n", "best_of"):
        if optional(obj, name, int) not in (None, 1):
            raise InvalidRequest(f"'{name}' must be 1: routerd gives one answer per request.", name)
    if obj.get("echo"):
        raise InvalidRequest("'echo' can't be used: engines do not give the prompt back.", "echo")
    options = optional(obj, "stream_options", dict) or {}
    usage_key = "stream_options.include_usage"
    return Request(
        messages=(Message("user", (Text(_prompt(obj)),)),),
        dialect="openai_completions",
        requested_model=optional(obj, "model", str) or "auto",
        wants_stream=bool(optional(obj, "stream", bool)),
        wants_usage=bool(optional(options, "include_usage", bool, usage_key)),
        limits=Limits(
            max_output_tokens=integer(obj, "max_tokens", 1, MAX_TOKENS),
            temperature=number(obj, "temperature", 0, 2),
            top_p=number(obj, "top_p", 0, 1),
            seed=integer(obj, "seed", -(2**63), 2**63 - 1),
            stop=strings(obj, "stop"),
            presence_penalty=number(obj, "presence_penalty", -2, 2),
            frequency_penalty=number(obj, "frequency_penalty", -2, 2),
        ),
        raw=body,
        suffix=optional(obj, "suffix", str),
        logprobs=integer(obj, "logprobs", 0, 20),
        session_key=metadata_session(obj),
    )


def _prompt(obj: Mapping[str, Any]) -> str:
    value = obj.get("prompt")
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return value
    raise InvalidRequest(
        "'prompt' must be one string: token numbers mean another text to every model, and "
        "routerd gives one answer per request.",
        "prompt",
    )


def _body(identity: str, created: int, model: str) -> dict[str, Any]:
    return {"id": identity, "object": "text_completion", "created": created, "model": model}


def _logprobs(tokens: Sequence[TokenLogprob], before: int = 0) -> dict[str, Any] | None:
    """Return the old form: columns instead of rows; offsets in characters of the answer."""
    if not tokens:
        return None
    offsets = []
    for token in tokens:
        offsets.append(before)
        before += len(token.token)
    return {
        "tokens": [token.token for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [dict(token.top) for token in tokens],
        "text_offset": offsets,
    }


def encode_response(response: Response, identity: str, created: int) -> bytes:
    """Return the body of a whole answer. `created` is Unix seconds."""
    if response.native:
        return passthrough.with_member(response.native, "model", response.model)
    choice = {
        "text": response.text,
        "index": 0,
        "logprobs": _logprobs(response.logprobs),
        "finish_reason": response.finish,
    }
    usage = openai_chat_answer.usage_object(response.usage)
    body = _body(identity, created, response.model)
    return strict_json.dumps({**body, "choices": [choice], "usage": usage})


@dataclass(slots=True)
class StreamEncoder:
    """Encodes the chunks of one answer as server-sent events; this dialect says only text."""

    identity: str
    created: int
    include_usage: bool = False
    model: str = ""
    _native: bool = False
    _characters: int = 0

    def encode(self, chunk: Chunk) -> bytes:
        """Return the events for one chunk; thinking has no place here, only a sign of life."""
        match chunk:
            case Progress(message=message):
                return sse.comment(message)
            case Native(data=data):
                self._native = True
                if not self.include_usage and passthrough.only_usage(data):
                    return b""
                return sse.encode(passthrough.with_member(data, "model", self.model))
            case Finish():
                return self._finish(chunk)
            case TextDelta() if not self._native:
                return self._text(chunk)
            case _:
                return b"" if self._native else sse.comment("thinking")

    def _text(self, chunk: TextDelta) -> bytes:
        logprobs = _logprobs(chunk.logprobs, self._characters)
        self._characters += len(chunk.text)
        return self._event([self._choice(chunk.text, logprobs, None)])

    def _choice(self, text: str, logprobs: Any, reason: str | None) -> dict[str, Any]:
        return {"text": text, "index": 0, "logprobs": logprobs, "finish_reason": reason}

    def _finish(self, chunk: Finish) -> bytes:
        if self._native:
            return sse.encode(b"[DONE]")
        out = self._event([self._choice("", None, chunk.reason)])
        if self.include_usage:
            out += self._event([], usage=openai_chat_answer.usage_object(chunk.usage))
        return out + sse.encode(b"[DONE]")

    def _event(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        body = _body(self.identity, self.created, self.model)
        return sse.encode(strict_json.dumps({**body, "choices": choices, **more}))

    def error(self, error: RouterdError) -> bytes:
        """Return the event that says the answer broke off; no terminal event follows it."""
        return sse.encode(strict_json.dumps(openai_chat_answer.error_object(error)))
