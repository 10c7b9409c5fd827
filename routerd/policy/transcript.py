"""What a transcript shows of the model that wrote it: pure, over messages; it chooses nothing.

Reads words and shapes, never meaning: a sign is a reason to be careful, not a verdict.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from routerd.core.request import Message, Part, Thinking, ToolCall, ToolResult
from routerd.core.session import Sign, Signs

# Messages looked at, from the end: a conversation's state is in its last turns.
WINDOW = 120
# Characters of a tool's result that are looked at, at each end: verdicts stand there.
_ENDS = 1500
# Share of words that two asks have in common when the second repeats the first.
SAME_ASK = 0.6
_FEWEST_WORDS = 4

_FAILED = re.compile(
    r"Traceback \(most recent call last\)|^\s*(?:fatal |syntax)?error(?:\[\w+\])?[:!]|\bFAILED\b"
    r"|\b[1-9]\d* (?:failed|failures?|errors?)\b|exit(?:ed with)? (?:code|status)[: ]+[1-9]"
    r"|command not found|No such file or directory|\bpanicked at\b|^npm ERR!"
    r"|\b(?:Syntax|Type|Name|Import|Value|Assertion)Error\b|String to replace not found",
    re.MULTILINE | re.IGNORECASE,
)
_WORKED = re.compile(
    r"\b[1-9]\d* pass(?:ed|ing)\b|\ball (?:\d+ )?(?:tests|checks) pass|test result: ok|^ok\s+\S+"
    r"|^PASS\b|^OK$|build succe|exit(?:ed with)? (?:code|status)[: ]+0\b",
    re.MULTILINE | re.IGNORECASE,
)
# Substrings without which a pattern can't match: looking for them costs a hundredth of it.
_FAILED_HINTS = (
    "error",
    "fail",
    "traceback",
    "exit",
    "not found",
    "no such",
    "panicked",
    "npm err",
)
_WORKED_HINTS = ("pass", "ok", "succe", "exit")
_COMPLAINT = re.compile(
    r"\s*(?:no[,.! ]|nope|still\b|again\b|(?:that|this|it)(?:'s| is| was)? (?:not|wrong|still|broken)"
    r"|(?:it |that |this )?(?:doesn'?t|didn'?t|does not|did not|isn'?t|is not) (?:work|right|help|fix)"
    r"|(?:same|another) (?:error|problem|issue)|undo\b|revert\b|wrong\b|try again|not what i)",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\s*(?:i'?m sorry,? but|sorry,? (?:but )?i (?:can'?t|cannot)|i (?:can'?t|cannot|am unable to|'?m "
    r"unable to) (?:help|assist|do|comply|provide|fulfil))",
    re.IGNORECASE,
)
_EDITS = re.compile(r"edit|write|replace|patch|update_file|create_file|insert", re.IGNORECASE)
_PATH_KEYS = ("path", "file_path", "filename", "file", "target_file", "filePath")
_WORDS = re.compile(r"\w+")


@dataclass(slots=True)
class _Reader:
    """Walks over a transcript once; the fields are what has been seen so far."""

    failed_in_a_row: int = 0
    edited: dict[str, bool] = field(default_factory=dict)
    last_ask: str = ""
    against: list[Sign] = field(default_factory=list)
    calm_turns: int = 0
    well: bool = False

    def take(self, message: Message) -> None:
        for sign in self._signs(message):
            self.against.append(sign)
            self.calm_turns = 0
            self.well = False

    def _signs(self, message: Message) -> Iterator[Sign]:
        for part in message.parts:
            match part:
                case ToolResult():
                    yield from self._result(part)
                case ToolCall():
                    yield from self._call(part)
                case _:
                    continue
        text = message.text
        if message.role == "assistant" and _REFUSAL.match(text):
            yield "refused"
        elif message.role == "user" and text.strip() and not _has_result(message.parts):
            yield from self._ask(text)

    def _result(self, result: ToolResult) -> Iterator[Sign]:
        if failed(result):
            self.failed_in_a_row += 1
            self.edited = dict.fromkeys(self.edited, True)
            self.well = False
            if self.failed_in_a_row == 2:
                yield "tool_failed_twice"
        else:
            self.failed_in_a_row = 0
            self.well = self.well or worked(result)

    def _call(self, call: ToolCall) -> Iterator[Sign]:
        try:
            arguments = json.loads(call.arguments or "{}")
        except (ValueError, RecursionError):
            yield "malformed_tool_call"
            return
        path = _path(arguments) if _EDITS.search(call.name) else ""
        if path and self.edited.get(path, False):
            yield "edited_again"
        if path:
            self.edited[path] = False

    def _ask(self, text: str) -> Iterator[Sign]:
        self.failed_in_a_row = 0
        self.calm_turns += 1
        if self.last_ask and (_COMPLAINT.match(text) or same_ask(self.last_ask, text)):
            yield "asked_again"
        self.last_ask = text


def read(messages: Sequence[Message], since: int = 0) -> Signs:
    """Return the signs; evidence counts from message `since` on, where the model took over."""
    reader = _Reader()
    start = max(since, len(messages) - WINDOW)
    if 0 < start < len(messages):
        # What was asked before, so that a repetition of it can be told.
        before = (m.text for m in reversed(messages[:start]) if m.role == "user" and m.text.strip())
        reader.last_ask = next(before, "")
    for message in messages[start:]:
        reader.take(message)
    return Signs(
        tool_open=tool_open(messages),
        signed=any(
            isinstance(part, Thinking) and bool(part.signature)
            for message in messages
            for part in message.parts
        ),
        against=tuple(dict.fromkeys(reader.against)),
        well=reader.well,
        calm_turns=reader.calm_turns,
    )


def tool_open(messages: Sequence[Message]) -> bool:
    """Whether the model's last turn called tools, answered or not: it has not spoken since."""
    last = next((m for m in reversed(messages) if m.role == "assistant"), None)
    return last is not None and any(isinstance(part, ToolCall) for part in last.parts)


def goes_on(messages: Sequence[Message]) -> bool:
    """Whether the last turn asks nothing: it only hands over what the model's own calls gave."""
    return bool(messages) and tool_open(messages) and _has_result(messages[-1].parts)


def failed(result: ToolResult) -> bool:
    """Whether a tool says that it failed, by its mark or in its words."""
    return result.is_error or _said(_FAILED, _FAILED_HINTS, result.text)


def worked(result: ToolResult) -> bool:
    """Whether a tool says in so many words that things work: tests passed, a build succeeded."""
    return _said(_WORKED, _WORKED_HINTS, result.text) and not failed(result)


def same_ask(before: str, now: str) -> bool:
    """Whether the second ask repeats most of the first one's words."""
    one, two = (set(_WORDS.findall(text[:4000].lower())) for text in (before, now))
    if min(len(one), len(two)) < _FEWEST_WORDS:
        return False
    return len(one & two) >= SAME_ASK * len(one | two)


def _said(pattern: re.Pattern[str], hints: Sequence[str], text: str) -> bool:
    ends = _both_ends(text)
    low = ends.lower()
    return any(hint in low for hint in hints) and bool(pattern.search(ends))


def _both_ends(text: str) -> str:
    return text if len(text) <= 2 * _ENDS else f"{text[:_ENDS]}\n{text[-_ENDS:]}"


def _path(arguments: object) -> str:
    if not isinstance(arguments, dict):
        return ""
    return next((str(arguments[key]) for key in _PATH_KEYS if arguments.get(key)), "")


def _has_result(parts: Sequence[Part]) -> bool:
    # Text beside a tool's result is a client's reminder, not an ask.
    return any(isinstance(part, ToolResult) for part in parts)
