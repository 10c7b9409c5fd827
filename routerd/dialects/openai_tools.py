"""What OpenAI's two dialects say of tools in the same words: choices, and tools of free text."""

from collections.abc import Mapping
from typing import Any

from routerd.core.errors import InvalidRequest
from routerd.core.request import Tool

# What a custom tool's one free text is called where only objects can be said.
CUSTOM_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}
_WORDS = ("auto", "none", "required")


def _name(value: Mapping[str, Any]) -> str | None:
    """Return the name that a choice has; in chat it stands one level deeper."""
    for key in ("function", "custom"):
        nested = value.get(key)
        if isinstance(nested, Mapping):
            value = nested
    name = value.get("name")
    return name if isinstance(name, str) else None


def _allowed(value: Any) -> Mapping[str, Any] | None:
    """Return a choice among some tools as {mode, tools}, None for any other choice."""
    if not isinstance(value, Mapping) or value.get("type") != "allowed_tools":
        return None
    nested = value.get("allowed_tools")
    return nested if isinstance(nested, Mapping) else value


def chosen_tool(value: Any, native_only: set[str]) -> str:
    """Return the choice as `Request.tool_choice` says it.

    A tool that only OpenAI's servers run is put into `native_only`. Raises: InvalidRequest.
    """
    if (allowed := _allowed(value)) is not None:
        value = allowed.get("mode") or "auto"
    if value is None or value in _WORDS:
        return value or ""
    if isinstance(value, Mapping):
        kind, name = value.get("type"), _name(value)
        if kind in ("function", "custom") and name is not None:
            return name
        if isinstance(kind, str) and kind not in ("function", "custom"):
            native_only.add(kind[:40])
            return "required"
    raise InvalidRequest(
        "'tool_choice' must be auto, none, required, allowed_tools or name a function.",
        "tool_choice",
    )


def only_allowed(tools: tuple[Tool, ...], choice: Any) -> tuple[Tool, ...]:
    """Return the tools that a choice allows, all of them where it does not speak of it."""
    allowed = _allowed(choice)
    listed = allowed.get("tools") if allowed is not None else None
    if not isinstance(listed, list):
        return tools
    names = {_name(item) for item in listed if isinstance(item, Mapping)}
    return tuple(tool for tool in tools if tool.name in names)
