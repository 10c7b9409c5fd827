"""Reads an OpenAI chat body for a binding that has to do the chat part itself. Pure functions."""

import json
from collections.abc import Mapping
from typing import Any

from routerd.engines.bindings import Rejected

Body = Mapping[str, Any]
# For models whose file brings no template; llama-server falls back to the same one.
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def template_messages(body: Body) -> list[dict[str, Any]]:
    """Return the messages as chat templates expect them: text contents, arguments as objects.

    Raises: Rejected.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Rejected("the request has no list of messages")
    return [_message(message) for message in messages]


def _message(message: Any) -> dict[str, Any]:
    if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
        raise Rejected("a message has no role")
    shaped = {**message, "content": _text(message.get("content"))}
    if message.get("tool_calls"):
        shaped["tool_calls"] = [_call(call) for call in message["tool_calls"]]
    return shaped


def _text(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise Rejected("a message's content is neither text nor a list of parts")
    texts = []
    for part in content:
        if not isinstance(part, Mapping) or part.get("type") != "text":
            raise Rejected("a message holds an image or another part that this model can't read")
        texts.append(str(part.get("text", "")))
    return "\n".join(texts)


def _call(call: Any) -> dict[str, Any]:
    """Return a past tool call; templates print its arguments themselves and want the object."""
    try:
        function = dict(call["function"])
        function["arguments"] = json.loads(function.get("arguments") or "{}")
    except (KeyError, TypeError, ValueError):
        raise Rejected("a tool call in the conversation is not valid") from None
    return {**call, "function": function}


def offered_tools(body: Body) -> list[Any] | None:
    """Return the tools to tell the model of."""
    return None if body.get("tool_choice") == "none" else body.get("tools") or None


def forced_tools(body: Body) -> list[Mapping[str, Any]]:
    """Return the functions of which one must be called; () where the model may choose.

    Raises: Rejected when the named one is not offered.
    """
    choice = body.get("tool_choice")
    if choice in (None, "none", "auto"):
        return []
    functions = [tool["function"] for tool in body.get("tools") or ()]
    if isinstance(choice, Mapping):
        name = choice.get("function", {}).get("name")
        functions = [function for function in functions if function["name"] == name]
    if not functions:
        raise Rejected("tool_choice asks for a tool that is not offered")
    return functions


def wanted_schema(body: Body) -> Mapping[str, Any] | None:
    """Return the JSON Schema that the whole output must satisfy, None for free text.

    Raises: Rejected.
    """
    if functions := forced_tools(body):
        return {"anyOf": [_call_schema(function) for function in functions]}
    wanted = body.get("response_format") or {}
    match wanted.get("type"):
        case "json_object":
            return {"type": "object"}
        case "json_schema":
            schema = wanted.get("json_schema", {}).get("schema")
            if not isinstance(schema, Mapping):
                raise Rejected("response_format has no schema")
            return schema
    return None


def _call_schema(function: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "name": {"const": function["name"]},
            "arguments": function.get("parameters") or {"type": "object"},
        },
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def number(body: Body, key: str, default: float) -> float:
    """Return a sampling setting. Raises: Rejected where it is no number."""
    value = body.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected(f"{key} must be a number")
    return value


def token_limit(body: Body, room_tokens: int) -> int:
    """Return how many tokens may be generated, at least 1 and at most `room_tokens`."""
    wanted = number(body, "max_completion_tokens", number(body, "max_tokens", room_tokens))
    return max(1, min(int(wanted), room_tokens))


def stop_strings(body: Body) -> list[str]:
    """Return the stop strings. Raises: Rejected."""
    stop = body.get("stop") or []
    stops = [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, list) or not all(isinstance(text, str) for text in stops):
        raise Rejected("stop must be a text or a list of texts")
    return stops
