"""Finds what models write between marks: reasoning, tool calls, stop strings. Pure functions.

llama-server does this by itself; llama-cpp-python hands out bare text, so its binding does it here.
"""

import json
import secrets
from collections.abc import Sequence
from typing import Any

THINK, THINK_END = "<think>", "</think>"
CALL, CALL_END = "<tool_call>", "</tool_call>"

Delta = dict[str, Any]
"""The `delta` of an OpenAI chunk."""


def held_back(text: str, marks: Sequence[str]) -> int:
    """Return how many characters at the end of `text` may be the beginning of a mark."""
    longest = max((len(mark) for mark in marks), default=1) - 1
    for count in range(min(longest, len(text)), 0, -1):
        if any(mark.startswith(text[-count:]) for mark in marks):
            return count
    return 0


class StopStrings:
    """Lets text through up to the first stop string, which is left out as OpenAI does."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._pending = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """Return what may go out; sets `stopped` at a stop string."""
        self._pending += text
        places = [at for stop in self._stops if (at := self._pending.find(stop)) >= 0]
        if places:
            self.stopped = True
            self._pending = self._pending[: min(places)]
            return self.rest()
        return self._release(len(self._pending) - held_back(self._pending, self._stops))

    def rest(self) -> str:
        """Return what was held back, at the end."""
        return self._release(len(self._pending))

    def _release(self, count: int) -> str:
        out, self._pending = self._pending[:count], self._pending[count:]
        return out


class MarkedText:
    """Splits a model's text into answer, reasoning and (where asked) tool calls.

    Reasoning counts as such at the very beginning only: an answer may quote <think>. `thinking`
    tells that the prompt ended within an open one. White space around marks is dropped.
    """

    def __init__(self, *, calls: bool, thinking: bool) -> None:
        self._call_marks = [CALL] if calls else []
        self._until = THINK_END if thinking else ""
        self._pending = ""
        self._after_mark = False
        self._answering = False
        self.calls = 0

    def feed(self, text: str) -> list[Delta]:
        """Return the deltas that are certain by now."""
        self._pending += text
        deltas: list[Delta] = []
        while (delta := self._step()) is not None:
            deltas.append(delta)
        return [delta for delta in deltas if delta]

    def rest(self) -> list[Delta]:
        """Return what was held back, at the end; an unfinished tool call goes out as text."""
        pending, self._pending = self._pending, ""
        if self._until == CALL_END:
            return [{"content": CALL + pending}]
        delta = self._plain(pending)
        return [delta] if delta else []

    def _step(self) -> Delta | None:
        """Take one piece off what is pending; None when more text is needed, {} for a bare mark."""
        marks = [self._until] if self._until else self._marks()
        found = [(at, mark) for mark in marks if (at := self._pending.find(mark)) >= 0]
        if found:
            return self._pass_mark(*min(found))
        if self._until == CALL_END:
            return None
        certain = len(self._pending) - held_back(self._pending, marks)
        if not certain:
            return None
        return self._plain(self._take(certain))

    def _marks(self) -> list[str]:
        start = self._pending.lstrip()
        may_think = start.startswith(THINK) or THINK.startswith(start)
        return [THINK, *self._call_marks] if may_think and not self._answering else self._call_marks

    def _pass_mark(self, at: int, mark: str) -> Delta:
        before = self._take(at)
        self._take(len(mark))
        delta = self._call(before) if mark == CALL_END else self._plain(before)
        self._until = {THINK: THINK_END, CALL: CALL_END}.get(mark, "")
        self._after_mark = True
        return delta

    def _plain(self, text: str) -> Delta:
        if self._after_mark:
            text = text.lstrip()
        if not text:
            return {}
        self._after_mark = False
        if self._until == THINK_END:
            return {"reasoning_content": text}
        self._answering = self._answering or not text.isspace()
        return {"content": text}

    def _call(self, block: str) -> Delta:
        """Return a tool call, or the block as text where it is none: nothing may get lost."""
        try:
            call = json.loads(block)
            name, arguments = call["name"], call.get("arguments", {})
        except (ValueError, TypeError, KeyError):
            return {"content": CALL + block + CALL_END}
        if not isinstance(name, str):
            return {"content": CALL + block + CALL_END}
        self.calls += 1
        return tool_call(self.calls - 1, name, arguments)

    def _take(self, count: int) -> str:
        taken, self._pending = self._pending[:count], self._pending[count:]
        return taken


def tool_call(index: int, name: str, arguments: Any) -> Delta:
    """Return the delta of a whole tool call."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    function = {"name": name, "arguments": text}
    call_id = f"call_{secrets.token_hex(12)}"
    return {
        "tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]
    }
