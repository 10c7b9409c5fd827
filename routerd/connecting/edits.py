"""What is to be changed in a file, and the hunks by which it can be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from routerd.connecting import jsonc, toml_text, yaml_text

Form = Literal["jsonc", "toml", "yaml"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A value to be put at `keys`; with `entry_name` it is an entry of the list there.

    `where_missing`: what stands there already stays.
    """

    keys: tuple[str, ...]
    value: Any
    entry_name: str = ""
    where_missing: bool = False


@dataclass(frozen=True, slots=True)
class FileChange:
    """One settings file of a client."""

    path: Path
    form: Form
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Hunk:
    """A piece of text in place of another; `head` and `tail` are what stood around it."""

    old: str
    new: str
    head: str
    tail: str


CONTEXT_CHARACTERS = 60


def check(text: str, form: Form) -> None:
    """Raise ValueError unless the text can be read as its form says; empty is fine."""
    if text.strip():
        {"jsonc": jsonc.loads, "toml": toml_text.loads, "yaml": yaml_text.loads}[form](text)


def apply(text: str, form: Form, edits: Sequence[Edit]) -> tuple[str, list[Hunk]]:
    """Return the changed text and a hunk for each edit that changed something.

    Raises: ValueError when the file can't be read, or can't be changed without harm.
    """
    hunks = []
    for edit in edits:
        changed = _one(text, form, edit)
        if changed != text:
            hunks.append(_hunk(text, changed))
        text = changed
    check(text, form)
    return text, hunks


def _one(text: str, form: Form, edit: Edit) -> str:
    if form == "toml":
        return toml_text.put(text, edit.keys, edit.value)
    if form == "yaml":
        (key,) = edit.keys
        if edit.where_missing and key in (yaml_text.loads(text) or {}):
            return text
        if edit.entry_name:
            return yaml_text.append(text, key, edit.value, edit.entry_name)
        return yaml_text.put(text, key, edit.value)
    if edit.entry_name:
        return jsonc.append(text, edit.keys, edit.value, edit.entry_name)
    return jsonc.put(text, edit.keys, edit.value)


def _hunk(before: str, after: str) -> Hunk:
    """Return the one place where the texts differ."""
    shortest = min(len(before), len(after))
    start = next((i for i in range(shortest) if before[i] != after[i]), shortest)
    same = 0
    while same < shortest - start and before[-1 - same] == after[-1 - same]:
        same += 1
    old, new = before[start : len(before) - same], after[start : len(after) - same]
    tail = after[len(after) - same :]
    return Hunk(old, new, after[:start][-CONTEXT_CHARACTERS:], tail[:CONTEXT_CHARACTERS])


def take_back(text: str, form: Form, hunks: Sequence[Hunk]) -> str:
    """Return a text that was changed since, without what the hunks brought.

    Raises: ValueError when one is no longer there, or is there twice, or what is left can't be
    read.
    """
    for hunk in reversed(hunks):
        text = _undo(text, hunk)
    check(text, form)
    return text


def _undo(text: str, hunk: Hunk) -> str:
    # As much of what stood around it as is needed to find one place.
    for size in (CONTEXT_CHARACTERS, 20, 8, 2, 0):
        head = hunk.head[-size:] if size else ""
        tail = hunk.tail[:size]
        if text.count(head + hunk.new + tail) == 1:
            return text.replace(head + hunk.new + tail, head + hunk.old + tail)
    raise ValueError("what routerd had written there was changed since")
