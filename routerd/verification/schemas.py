"""JSON against JSON Schema: the only importer of jsonschema. Nothing is ever fetched.

A schema is a client's own, but it may come from a repository or a tool server that nobody has read:
references to elsewhere are not followed, and patterns are tried on short texts only.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

# Texts that a `pattern` is tried on, in characters: some patterns take exponential time.
LONGEST_PATTERN, LONGEST_MATCHED = 200, 2000
MOST_CHARACTERS = 1_000_000


class Unreadable(ValueError):
    """The text is not JSON; the message names line and column, never the text."""


def parse(text: str) -> Any:
    """Return the value of a JSON text. Raises: Unreadable."""
    if len(text) > MOST_CHARACTERS:
        raise Unreadable("it is too long to check")
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except Unreadable:
        raise
    except ValueError:
        raise Unreadable("a number in it is too long") from None


def _refuse(word: str) -> Any:
    raise Unreadable(f"{word} is no JSON value")


def fault(schema: Mapping[str, Any], value: Any) -> str | None:
    """Return where `value` breaks `schema`, None where it doesn't.

    The place is the schema's own ("properties/count/type"). A schema that can't be used itself
    finds no fault.
    """
    from jsonschema import SchemaError  # 70 ms that a start without a checked answer needn't pay
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        kind = _kind(json.dumps(schema, sort_keys=True))
        # Without a registry of its own jsonschema fetches what a `$ref` names from the network.
        errors = kind(schema, registry=Registry()).iter_errors(value)
        error = next(errors, None)
    except (SchemaError, Unresolvable, RecursionError, TypeError, ValueError, re.error):
        return None
    return None if error is None else "/".join(map(str, error.absolute_schema_path))


@lru_cache(maxsize=128)
def _kind(schema_text: str) -> Any:
    """Return the class that checks by this schema's dialect. Raises: SchemaError."""
    from jsonschema import Draft202012Validator, validators

    schema = json.loads(schema_text)
    base = validators.validator_for(schema, default=Draft202012Validator)
    base.check_schema(schema)
    return validators.extend(base, {"pattern": _pattern})


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    short = isinstance(value, str) and len(value) <= LONGEST_MATCHED
    if short and len(pattern) <= LONGEST_PATTERN and not re.search(pattern, value):
        yield ValidationError("it does not match the pattern")
