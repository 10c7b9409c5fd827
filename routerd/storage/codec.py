"""Decision and Outcome as JSON text and back; it knows dataclasses in general and no column.

Rules: a field of type bytes (embedding, raw body) is never written, so neither a prompt nor a
vector can slip into a row. Unknown keys are ignored and missing ones take the field's default, so
rows of older and newer versions can be read; a missing field without a default becomes blank.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from routerd.core.decision import Decision
from routerd.core.outcome import Outcome

T = TypeVar("T")


def decision_to_json(decision: Decision) -> str:
    """Return all of a decision but the embedding: features, candidates, terms, exclusions."""
    return to_json(decision)


def decision_from_json(text: str) -> Decision:
    """Rebuild a decision; its embedding is empty. Raises: ValueError."""
    return decode(Decision, json.loads(text))


def outcome_to_json(outcome: Outcome) -> str:
    """Return all of an outcome."""
    return to_json(outcome)


def outcome_from_json(text: str) -> Outcome:
    """Rebuild an outcome. Raises: ValueError."""
    return decode(Outcome, json.loads(text))


def to_json(value: object) -> str:
    """Return frozen dataclasses, mappings, tuples and plain values as compact JSON.

    Infinity and NaN are written as Python's json writes them, which is not standard JSON.
    Raises: TypeError for anything else.
    """
    return _ENCODER.encode(value)


def decode(kind: type[T], plain: object) -> T:
    """Build `kind`, a dataclass of core, from what `json.loads` returned.

    Raises: ValueError naming the field whose JSON has another shape.
    """
    built: T = _decode(kind, plain, kind.__name__)
    return built


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in _written(type(value))}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} can't be recorded as JSON")


_ENCODER = json.JSONEncoder(default=_plain, separators=(",", ":"))


@cache
def _written(kind: type) -> tuple[str, ...]:
    return tuple(name for name, hint in _hints(kind).items() if hint is not bytes)


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _decode(kind: Any, plain: Any, where: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _decode_fields(kind, plain, where)
    if origin in (Union, UnionType):
        inner = next(option for option in arguments if option is not NoneType)
        return None if plain is None else _decode(inner, plain, where)
    if origin is tuple:
        return tuple(_decode(arguments[0], item, where) for item in _expect(list, plain, where))
    if origin is not None and issubclass_of_mapping(origin):
        items = _expect(dict, plain, where).items()
        return {key: _decode(arguments[1], item, where) for key, item in items}
    return _decode_plain(kind, plain, where)


def issubclass_of_mapping(origin: Any) -> bool:
    """Whether a generic's origin is a mapping; Literal's origin is not a class at all."""
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _decode_plain(kind: Any, plain: Any, where: str) -> Any:
    # A word that this version doesn't know (a task since renamed) is history: kept as it is.
    wanted = type(get_args(kind)[0]) if get_origin(kind) is Literal else kind
    if wanted is float and isinstance(plain, int):
        return float(plain)
    return _expect(wanted, plain, where)


def _expect(wanted: type[T], plain: Any, where: str) -> T:
    if not isinstance(plain, wanted):
        raise ValueError(f"{where} is a {type(plain).__name__}, not a {wanted.__name__}")
    return plain


def _decode_fields(kind: Any, plain: Any, where: str) -> Any:
    row = _expect(dict, plain, where)
    hints = _hints(kind)
    values = {}
    for field in fields(kind):
        hint, name = hints[field.name], f"{where}.{field.name}"
        if row.get(field.name) is not None:
            values[field.name] = _decode(hint, row[field.name], name)
        elif field.name not in row or not _takes_none(hint):
            values[field.name] = _missing(field, hint, name)
        else:
            values[field.name] = None
    return kind(**values)


def _takes_none(hint: Any) -> bool:
    return NoneType in get_args(hint)


def _missing(field: "Field[Any]", hint: Any, where: str) -> Any:
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    return _blank(hint, where)


def _blank(hint: Any, where: str) -> Any:
    """Return the emptiest value of a type: what an older row can honestly say of a newer field."""
    if is_dataclass(hint):
        return _decode(hint, {}, where)
    if _takes_none(hint):
        return None
    origin = get_origin(hint)
    if origin is Literal:
        return get_args(hint)[0]
    return {} if issubclass_of_mapping(origin) else (origin or hint)()
