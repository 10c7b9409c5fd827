"""The engine's part: read a file with whatever tool the client has, then say what stands in it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from routerd.core.request import Request, Text, Tool, ToolResult
from routerd.core.response import Finish, TextDelta, ToolCallDelta, Usage
from tests.fakes.rooms import Step

CANARY = "green-apples-4711"
USAGE = Usage(100, 20, 50)


_PATHS = ("file_path", "filePath", "filepath", "path")


def _arguments(tool: Tool, path: Path) -> Any:
    """Return how a client's own tool is asked to read a file, None for another tool."""
    if tool.name in ("Read", "read", "read_file"):
        named = tool.schema.get("properties") or {}
        return {next(key for key in _PATHS if key in named): str(path)}
    return {
        "shell": {"command": ["cat", str(path)]},
        "shell_command": {"command": f"cat {path}"},
        "exec_command": {"cmd": f"cat {path}"},
    }.get(tool.name)


class ReadingScript:
    """Counts what it was asked; `loops` are answers given after a tool's result with the canary."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.asked = 0
        self.loops = 0
        self.tools: set[str] = set()

    def __call__(self, request: Request) -> Sequence[Step]:
        """Return the next step."""
        self.asked += 1
        self.tools |= {tool.name for tool in request.tools}
        results = [p for m in request.messages for p in m.parts if isinstance(p, ToolResult)]
        if any(CANARY in result.text for result in results):
            self.loops += 1
            return (TextDelta("The file says "), TextDelta(f"{CANARY}."), Finish("stop", USAGE))
        if results:
            told = results[-1].text[:300]
            return (TextDelta(f"The tool failed: {told}"), Finish("stop", USAGE))
        for tool in request.tools:
            arguments = _arguments(tool, self._path)
            if arguments is not None:
                text = json.dumps(arguments)
                return (
                    TextDelta("I read it. "),
                    ToolCallDelta(0, "call_1", tool.name, text[:9]),
                    ToolCallDelta(0, arguments=text[9:]),
                    Finish("tool_calls", USAGE),
                )
        words = [p.text for m in request.messages for p in m.parts if isinstance(p, Text)]
        return (
            TextDelta("Hello, "),
            TextDelta(f"{len(words)} texts came; {CANARY}."),
            Finish("stop", USAGE),
        )
