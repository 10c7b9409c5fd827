"""Choices of tools, as both of OpenAI's dialects write them."""

from typing import Any

import pytest

from routerd.core.errors import InvalidRequest
from routerd.core.request import Tool
from routerd.dialects import openai_tools

TOOLS = tuple(Tool(name, "", {}) for name in "abc")


@pytest.mark.parametrize(
    ("choice", "chosen", "native"),
    [
        (None, "", ""),
        ("required", "required", ""),
        ({"type": "function", "function": {"name": "a"}}, "a", ""),
        ({"type": "function", "name": "a"}, "a", ""),
        ({"type": "custom", "custom": {"name": "a"}}, "a", ""),
        ({"type": "allowed_tools", "mode": "auto", "tools": []}, "auto", ""),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "required"}}, "required", ""),
        ({"type": "file_search"}, "required", "file_search"),
    ],
)
def test_every_form_of_a_choice_is_read(choice: Any, chosen: str, native: str) -> None:
    only: set[str] = set()
    assert openai_tools.chosen_tool(choice, only) == chosen
    assert only == ({native} if native else set())


@pytest.mark.parametrize("choice", ["some", 5, {"type": "function"}, {"name": "a"}, {"type": 5}])
def test_what_is_none_is_refused_by_name(choice: Any) -> None:
    with pytest.raises(InvalidRequest, match="tool_choice"):
        openai_tools.chosen_tool(choice, set())


def test_only_what_is_allowed_stays() -> None:
    listed = [{"type": "function", "function": {"name": "a"}}, {"type": "custom", "name": "c"}, 5]
    choice = {"type": "allowed_tools", "tools": listed}
    assert [tool.name for tool in openai_tools.only_allowed(TOOLS, choice)] == ["a", "c"]
    assert openai_tools.only_allowed(TOOLS, "auto") == TOOLS
