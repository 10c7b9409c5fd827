"""Edits TOML, keeping comments, order and formatting of what is not changed."""

from collections.abc import Sequence
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError


def loads(text: str) -> Any:
    """Return the value. Raises: ValueError naming the line."""
    try:
        return tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        raise ValueError(str(error)) from None


def put(text: str, keys: Sequence[str], value: Any) -> str:
    """Return the text with the key set; tables on the way are made.

    Raises: ValueError when the text is no TOML, or something else is on the way.
    """
    loads(text)
    document = tomlkit.parse(text)
    table: Any = document
    for depth, key in enumerate(keys[:-1]):
        if key not in table:
            # Only the last table has a header of its own.
            table[key] = tomlkit.table(is_super_table=depth < len(keys) - 2)
        table = table[key]
        if not isinstance(table, dict):
            raise ValueError(f"{'.'.join(keys[: depth + 1])} is not a table")
    table[keys[-1]] = value
    return tomlkit.dumps(document)
