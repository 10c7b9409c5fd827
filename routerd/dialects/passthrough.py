"""Passes JSON on byte for byte, with only some members' values replaced.

For a client and a backend of one dialect: fields that routerd does not know, number formats and
the order of keys survive, and so does a backend's cache of the prompt.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from routerd.dialects import strict_json

# Its C scanner walks over a member's value as fast as it parses one; a regular expression over the
# tokens of a body with 25 tools took ten times as long (4.9 ms, November 2026).
_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')


class Removed:
    """Stands for the value of a member that goes out."""


REMOVED: Final = Removed()


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _members(text: str) -> Iterator[tuple[str, int, int, int]]:
    """Yield (name, where it stands, where its value begins and ends) of every member, in order."""
    at = _after_blank(text, text.index("{") + 1)
    while text[at] != "}":
        begin = at
        name, at = _DECODER.raw_decode(text, at)
        start = _after_blank(text, _after_blank(text, at) + 1)
        _, at = _DECODER.raw_decode(text, start)
        yield name, begin, start, at
        at = _after_blank(text, at)
        if text[at] == ",":
            at = _after_blank(text, at + 1)


def edited(data: bytes, changes: Mapping[str, Any]) -> bytes:
    """Return the JSON object with top-level members set to values, or taken out (`REMOVED`).

    Every other byte stays. A member that comes twice is changed twice; one that is not there is put
    before all others. `data` must be a JSON object that has been parsed already.
    """
    text = data.decode()
    members = list(_members(text))
    for start, end, told in reversed(_apart(_cuts(text, members, changes))):
        text = text[:start] + told + text[end:]
    made = text.encode()
    missing = changes.keys() - {name for name, *_ in members}
    for name in (name for name in changes if name in missing):
        if changes[name] is not REMOVED:
            value = strict_json.dumps(changes[name])
            made = with_first(made, strict_json.dumps(name) + b":" + value)
    return made


def _cuts(
    text: str, members: list[tuple[str, int, int, int]], changes: Mapping[str, Any]
) -> Iterator[tuple[int, int, str]]:
    """Yield (from, to, what stands there instead)."""
    for place, (name, begin, start, end) in enumerate(members):
        if name not in changes:
            continue
        if changes[name] is not REMOVED:
            yield start, end, strict_json.dumps(changes[name]).decode()
        elif place + 1 < len(members):
            yield begin, members[place + 1][1], ""
        else:
            yield _last_kept(members, changes, text), end, ""


def _last_kept(
    members: list[tuple[str, int, int, int]], changes: Mapping[str, Any], text: str
) -> int:
    """Return where the last member that stays ends: what is behind it goes, comma and all."""
    kept = (end for name, _, _, end in reversed(members) if changes.get(name) is not REMOVED)
    return next(kept, text.index("{") + 1)


def _apart(cuts: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return cuts that do not overlap: members taken out at the end lie in one another's."""
    apart: list[tuple[int, int, str]] = []
    for start, end, told in sorted(cuts):
        if apart and start < apart[-1][1]:
            before = apart.pop()
            start, end = before[0], max(end, before[1])
        apart.append((start, end, told))
    return apart


def with_member(data: bytes, key: str, value: Any) -> bytes:
    """Return the JSON object with its top-level `key` set to `value`."""
    return edited(data, {key: value})


def with_inner(data: bytes, outer: str, changes: Mapping[str, Any]) -> bytes:
    """Return the JSON object with members changed of the object in its top-level `outer`.

    Where that is missing or no object, nothing is changed.
    """
    text = data.decode()
    for name, _, start, end in reversed(list(_members(text))):
        if name == outer and text[start] == "{":
            inner = edited(text[start:end].encode(), changes)
            text = text[:start] + inner.decode() + text[end:]
    return text.encode()


def with_first(data: bytes, member: bytes) -> bytes:
    """Return the JSON object with a member put before all others."""
    head, _, rest = data.partition(b"{")
    return head + b"{" + member + (b"" if rest.lstrip().startswith(b"}") else b",") + rest


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `edited` needs to make of one object the other."""
    gone = {name: REMOVED for name in old if name not in new}
    # Compared as JSON: in Python 1 and True are equal.
    return gone | {
        name: value
        for name, value in new.items()
        if name not in old
        or (old[name] is not value and strict_json.dumps(old[name]) != strict_json.dumps(value))
    }


def chat_request(raw: bytes, model: str, *, stream: bool, has_usage: bool) -> bytes:
    """Return a chat completion's body for `model`, with token counts asked for where it streams.

    `has_usage`: the client's own body asks for them.
    """
    changes: dict[str, Any] = {"model": model}
    if stream and not (has_usage and b"include_usage" in raw):
        told = strict_json.request_object(raw) if b"stream_options" in raw else {}
        changes["stream_options"] = with_usage(told)
    return edited(raw, changes)


def with_usage(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `stream_options` of a chat completion's body, token counts asked for."""
    return {**(told.get("stream_options") or {}), "include_usage": True}


def asked(told: Mapping[str, Any], model: str, *, stream: bool) -> dict[str, Any]:
    """Return a client's body as it is asked of `model`."""
    made = {**told, "model": model}
    if bool(told.get("stream")) is not stream:
        made["stream"] = stream
    return made


def only_usage(data: bytes) -> bool:
    """Whether a chunk of a chat completion holds nothing but the token counts."""
    return _NO_CHOICES.search(data) is not None
