"""The dialects as doors, one table."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from routerd.core.request import Request
from routerd.dialects import (
    anthropic_door,
    ollama_answer,
    openai_chat_door,
    openai_completions_door,
    openai_responses_door,
)
from routerd.dialects.openai_responses_answer import keep_nothing
from routerd.endpoints.answering import LINES, Door
from routerd.endpoints.error_bodies import anthropic_error, ollama_error, openai_error


def _custom(request: Request) -> frozenset[str]:
    return frozenset(tool.name for tool in request.tools if tool.custom)


OPENAI_CHAT = Door(
    "chatcmpl-",
    lambda response, request, identity, created: openai_chat_door.encode_response(
        response, identity, created, _custom(request)
    ),
    lambda request, identity, created: openai_chat_door.StreamEncoder(
        identity, created, request.wants_usage, custom=_custom(request)
    ),
    openai_error,
)


def openai_responses(keep: Callable[[Sequence[Mapping[str, Any]]], None]) -> Door:
    """Return the door of responses; `keep` is told the items of each answer."""
    return Door(
        "resp_",
        lambda response, request, identity, created: openai_responses_door.encode_response(
            response, request, identity, created, keep
        ),
        lambda request, identity, created: openai_responses_door.StreamEncoder(
            identity, created, request, keep=keep
        ),
        openai_error,
    )


OPENAI_RESPONSES = openai_responses(keep_nothing)
OPENAI_COMPLETIONS = Door(
    "cmpl-",
    lambda response, _, identity, created: openai_completions_door.encode_response(
        response, identity, created
    ),
    lambda request, identity, created: openai_completions_door.StreamEncoder(
        identity, created, request.wants_usage
    ),
    openai_error,
)
ANTHROPIC = Door(
    "msg_",
    lambda response, request, identity, created: anthropic_door.encode_response(
        response, identity, created, thinking=request.effort not in ("", "none")
    ),
    lambda request, identity, created: anthropic_door.StreamEncoder(
        identity, created, request.effort not in ("", "none")
    ),
    anthropic_error,
)


def _ollama(*, generate: bool) -> Door:
    return Door(
        "",
        lambda response, _, identity, created: ollama_answer.encode_response(
            response, identity, created, generate=generate
        ),
        lambda _, identity, created: partial(ollama_answer.StreamEncoder, generate=generate)(
            identity, created
        ),
        ollama_error,
        LINES,
    )


OLLAMA_CHAT, OLLAMA_GENERATE = _ollama(generate=False), _ollama(generate=True)
