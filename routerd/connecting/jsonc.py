"""Edits JSON with comments as text: whatever is not changed keeps every byte.

Editors' settings hold comments, trailing commas and a formatting of their owner's; reading the value
and writing it again would lose all three. So the text is parsed for places, and only the new
member is written.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_BLANK = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_INDENT = re.compile(r"^([ \t]+)\S", re.MULTILINE)
MAX_DEPTH = 60


@dataclass(slots=True)
class Node:
    """A value and where it stands; `members` of an object, `items` of an array.

    `comma`: a comma follows the last entry.
    """

    start: int
    end: int
    value: Any
    members: dict[str, "Node"] = field(default_factory=dict)
    items: list["Node"] = field(default_factory=list)
    comma: bool = False

    @property
    def last(self) -> "Node | None":
        """The last entry, in the order of the text."""
        entries = [*self.members.values(), *self.items]
        return max(entries, key=lambda entry: entry.end, default=None)


class _Parser:
    """Recursive descent over the text; ValueError where it is not JSON with comments."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def document(self) -> Node:
        self._at = 1 if self._text.startswith("\ufeff") else 0
        self._blank()
        node = self._value(0)
        self._blank()
        if self._at != len(self._text):
            raise self._wrong("something follows the value")
        return node

    def _wrong(self, what: str) -> ValueError:
        line = self._text.count("\n", 0, self._at) + 1
        return ValueError(f"line {line}: {what}")

    def _blank(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _value(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._wrong("nested too deeply")
        start = self._at
        opening = self._text[start : start + 1]
        if opening == "{":
            return self._entries(Node(start, start, {}), "}", depth)
        if opening == "[":
            return self._entries(Node(start, start, []), "]", depth)
        found = (_STRING if opening == '"' else _PLAIN).match(self._text, start)
        if not found:
            raise self._wrong("no value stands here")
        self._at = found.end()
        return Node(start, found.end(), json.loads(found[0]))

    def _entries(self, node: Node, closing: str, depth: int) -> Node:
        self._at += 1
        while True:
            self._blank()
            if self._text.startswith(closing, self._at):
                self._at += 1
                node.end = self._at
                return node
            if node.last is not None and not node.comma:
                raise self._wrong("a comma is missing")
            self._entry(node, closing, depth)
            self._blank()
            node.comma = self._text.startswith(",", self._at)
            self._at += node.comma

    def _entry(self, node: Node, closing: str, depth: int) -> None:
        if closing == "]":
            node.items.append(self._value(depth + 1))
            node.value.append(node.items[-1].value)
            return
        key = _STRING.match(self._text, self._at)
        if not key:
            raise self._wrong("a name in quotes is missing")
        self._at = key.end()
        self._blank()
        if not self._text.startswith(":", self._at):
            raise self._wrong("a colon is missing")
        self._at += 1
        self._blank()
        name = json.loads(key[0])
        node.members[name] = self._value(depth + 1)
        node.value[name] = node.members[name].value


def parse(text: str) -> Node:
    """Return the value with its places. Raises: ValueError naming the line."""
    return _Parser(text).document()


def loads(text: str) -> Any:
    """Return the value. Raises: ValueError naming the line."""
    return parse(text).value


def put(text: str, keys: Sequence[str], value: Any) -> str:
    """Return the text with the member at `keys` set; objects on the way are made.

    Raises: ValueError when the text is no JSON with comments, or something else is on the way.
    """
    if not text.strip("\ufeff \t\r\n"):
        text += "{}\n"
    node = parse(text)
    for depth, key in enumerate(keys):
        if not isinstance(node.value, dict):
            raise ValueError(f"{'.'.join(keys[:depth])} is not an object")
        if key not in node.members:
            for outer in reversed(keys[depth + 1 :]):
                value = {outer: value}
            return _add(text, node, depth, f"{json.dumps(key)}: ", value)
        node = node.members[key]
    return _replace(text, node, len(keys), value)


def append(text: str, keys: Sequence[str], value: Any, name: str) -> str:
    """Return the text with an entry added to the array at `keys`.

    An entry with the same `name` member is replaced. Raises: ValueError as `put`.
    """
    if not text.strip("\ufeff \t\r\n"):
        text += "[]\n" if not keys else "{}\n"
    node = parse(text)
    for key in keys:
        if not isinstance(node.value, dict):
            raise ValueError(f"{key} stands in something that is not an object")
        if key not in node.members:
            return put(text, keys, [value])
        node = node.members[key]
    if not isinstance(node.value, list):
        raise ValueError(f"{'.'.join(keys) or 'the file'} is not an array")
    for item in node.items:
        if isinstance(item.value, dict) and item.value.get(name) == value[name]:
            return _replace(text, item, len(keys) + 1, value)
    return _add(text, node, len(keys), "", value)


def _written(text: str, value: Any, depth: int) -> str:
    """Return the value as text, indented as the file is."""
    found = _INDENT.search(text)
    unit = found[1] if found else "  "
    unit = "\t" if unit.startswith("\t") else unit[:8]
    lines = json.dumps(value, indent=unit, ensure_ascii=False).split("\n")
    return _newline(text).join([lines[0], *(unit * depth + line for line in lines[1:])])


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _replace(text: str, node: Node, depth: int, value: Any) -> str:
    if node.value == value:
        return text
    return text[: node.start] + _written(text, value, depth) + text[node.end :]


def _add(text: str, node: Node, depth: int, before: str, value: Any) -> str:
    """Add an entry behind the last one, before whatever comments follow it."""
    found = _INDENT.search(text)
    unit = found[1][:8] if found else "  "
    unit = "\t" if unit.startswith("\t") else unit
    newline = _newline(text)
    entry = newline + unit * (depth + 1) + before + _written(text, value, depth + 1)
    last = node.last
    if last is None:
        inside = text[node.start + 1 : node.end - 1]
        # Comments in an otherwise empty object stay; they end with a line of their own.
        tail = "" if inside.strip() and inside.endswith("\n") else newline + unit * depth
        kept = inside.rstrip() if inside.strip() else ""
        return text[: node.start + 1] + kept + entry + (tail or newline) + text[node.end - 1 :]
    comma = _after_comma(text, last.end) if node.comma else last.end
    at = _end_of_line(text, comma, node.end - 1)
    if node.comma:
        return text[:at] + entry + "," + text[at:]
    return text[:comma] + "," + text[comma:at] + entry + text[at:]


def _after_comma(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return (found.end() if found else at) + 1


def _end_of_line(text: str, at: int, limit: int) -> int:
    """Return where the line of an entry ends, with the comment that belongs to it."""
    found = text.find("\n", at, limit)
    if found < 0:
        return at
    rest = text[at:found]
    if rest.rfind("/*") > rest.rfind("*/"):
        # A comment over several lines begins here; the entry goes behind it.
        return text.index("*/", at) + 2
    return found - 1 if rest.endswith("\r") else found
