"""An engine's part in a loop with tools: two calls at once, then one more, then the answer."""

from collections.abc import Sequence

from routerd.core.request import Request, ToolResult
from routerd.core.response import Finish, TextDelta, ThinkingDelta, ToolCallDelta, Usage
from tests.fakes.rooms import Step

PATHS = ("a.py", "größe.py")
USAGE = Usage(30, 9, 20)
ANSWER = "Both files are fine: 2 lines."


def tool_loop(request: Request) -> Sequence[Step]:
    """Return the next step of the conversation as its tool results tell it."""
    results = [p for m in request.messages for p in m.parts if isinstance(p, ToolResult)]
    if not results:
        return (
            ThinkingDelta("Two files, "),
            ThinkingDelta("both at once."),
            TextDelta("I read "),
            TextDelta("them."),
            ToolCallDelta(0, "call_a", "read_file", ""),
            ToolCallDelta(0, arguments='{"pa'),
            ToolCallDelta(0, arguments='th": "a.py"}'),
            ToolCallDelta(1, "call_b", "read_file", ""),
            ToolCallDelta(1, arguments='{"path": "größe.py"}'),
            Finish("tool_calls", USAGE),
        )
    if len(results) == 2:
        return (
            ToolCallDelta(0, "call_c", "count_lines", "{}"),
            Finish("tool_calls", USAGE),
        )
    return (TextDelta("Both files "), TextDelta("are fine: 2 lines."), Finish("stop", USAGE))


def run_tool(name: str, arguments: dict[str, object]) -> str:
    """Return what the client's tool gives back."""
    return f"content of {arguments['path']}" if name == "read_file" else "2"


def check_last(request: Request) -> None:
    """Assert that the engine has seen the whole conversation, each result with its call."""
    results = {
        p.call_id: p.text for m in request.messages for p in m.parts if isinstance(p, ToolResult)
    }
    assert results == {
        "call_a": "content of a.py",
        "call_b": "content of größe.py",
        "call_c": "2",
    }
    assert {tool.name for tool in request.tools} == {"read_file", "count_lines"}
