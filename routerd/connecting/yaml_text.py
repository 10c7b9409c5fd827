"""Edits the little YAML that coding tools' settings need, as text: nothing else is touched."""

import io
import json
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

_ITEM = re.compile(r"^([ ]*)- ", re.MULTILINE)


def loads(text: str) -> Any:
    """Return the value. Raises: ValueError naming the line."""
    try:
        return YAML(typ="safe", pure=True).load(io.StringIO(text))
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _line_of(text: str, key: str) -> re.Match[str] | None:
    return re.search(rf"^{re.escape(key)}[ ]*:[^\r\n]*", text, re.MULTILINE)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + _newline(text)


def put(text: str, key: str, value: Any) -> str:
    """Return the text with a top-level key set, its value in JSON, which is YAML.

    Raises: ValueError when the text is no YAML, or the key's value takes several lines.
    """
    before = loads(text)
    if before is not None and not isinstance(before, dict):
        raise ValueError("the file is not a mapping")
    line = f"{key}: {json.dumps(value, ensure_ascii=False)}"
    found = _line_of(text, key)
    if found is None:
        return _ended(text) + line + _newline(text)
    changed = text[: found.start()] + line + text[found.end() :]
    if not _is(changed, {**(before or {}), key: value}):
        raise ValueError(f"'{key}' takes several lines; change it by hand")
    return changed


def append(text: str, key: str, value: Mapping[str, Any], name: str) -> str:
    """Return the text with an entry put first into the list at a top-level key.

    Raises: ValueError as `put`, and where the list has an entry of that name already.
    """
    before = loads(text) or {}
    entries = before.get(key) if isinstance(before, dict) else None
    if any(isinstance(e, dict) and e.get(name) == value[name] for e in entries or ()):
        raise ValueError(f"'{key}' has an entry {value[name]} already; remove it first")
    newline = _newline(text)
    found = _line_of(text, key)
    if found is None:
        return _ended(text) + f"{key}:{newline}" + _entry(value, "  ", newline)
    item = _ITEM.search(text, found.end())
    entry = _entry(value, item[1] if item and entries else "  ", newline)
    if entries:
        at = found.end() + len(newline)
        changed = text[:at] + entry + text[at:]
    else:
        head = f"{key}:{newline}{entry}".removesuffix(newline)
        changed = text[: found.start()] + head + text[found.end() :]
    if not _is(changed, {**before, key: [dict(value), *(entries or ())]}):
        raise ValueError(f"'{key}' is not written as a list of lines; change it by hand")
    return changed


def _is(text: str, value: Any) -> bool:
    try:
        return bool(loads(text) == value)
    except ValueError:
        return False


def _entry(value: Mapping[str, Any], indent: str, newline: str) -> str:
    lines = [f"{key}: {json.dumps(told, ensure_ascii=False)}" for key, told in value.items()]
    rest = "".join(f"{indent}  {line}{newline}" for line in lines[1:])
    return f"{indent}- {lines[0]}{newline}{rest}"
