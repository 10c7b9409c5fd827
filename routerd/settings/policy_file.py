"""policy.toml to Policy; an error names file, line and key. Shipped policies can be extended."""

import os
import stat
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from routerd.core import policy as values
from routerd.core.errors import ConfigInvalid
from routerd.core.policy import Condition, Policy, Rule
from routerd.policy import schedule
from routerd.settings import whole_file
from routerd.settings.load import AT_LINE, WORDS, line_of

NAME = "policy.toml"
_SHIPPED = Path(__file__).resolve().parent / "profiles"
_MOST_RULES = 1000
# Keys whose value is a list, where a person naturally writes one word.
_LISTS = frozenset(
    {
        "task", "language", "workspace", "path", "client", "sensitivity", "time", "tier",
        "provider", "model", "allow_zones", "ignore", "premium", "standard", "economy", "rules",
    }
)  # fmt: skip
# … except where the same name is one word by its nature.
_WORDS_OF = {"budget": {"workspace", "client"}}
_SAMPLES = frozenset({"allows", "refuses"})
_SINGLE_IN_REQUEST = frozenset({"task", "language", "workspace", "client", "time"})


@cache
def _adapter() -> TypeAdapter[Policy]:
    """Build the validator once. Unknown keys are errors at every depth."""
    for name in (
        "Range", "Condition", "Selector", "Rule", "Budget", "Screening", "Tiers", "Sample",
        "SampleRequest", "PolicyTest", "Policy",
    ):  # fmt: skip
        setattr(getattr(values, name), "__pydantic_config__", ConfigDict(extra="forbid"))  # noqa: B010
    return TypeAdapter(Policy)


def shipped() -> tuple[str, ...]:
    """Return the names of the policies that ship with routerd."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


def shipped_path(name: str) -> Path:
    """Return the file of a shipped policy."""
    return _SHIPPED / f"{name}.toml"


def load(path: Path, *, before: str | None = None) -> tuple[Policy, str]:
    """Return the policy and its text; an absent file means none.

    `before` is the text it held, where it was there. A file that is being saved is waited for:
    blocks for a second or so at most. Raises: ConfigInvalid.
    """
    try:
        text = whole_file.read(
            path, before=before, check=lambda found: _refuse_foreign(found, path)
        )
    except FileNotFoundError:
        return Policy(), ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path} can't be read: {error}") from error
    return parse(text, path), text


def _refuse_foreign(found: os.stat_result, path: Path) -> None:
    """Refuse a policy that another user of the machine may have written."""
    if not hasattr(os, "getuid") or path.is_relative_to(_SHIPPED):
        return
    if found.st_uid not in (os.getuid(), 0):
        raise ConfigInvalid(f"{path} belongs to another user (uid {found.st_uid}); it is not used.")
    if found.st_mode & stat.S_IWOTH:
        raise ConfigInvalid(f"{path} can be written by anybody; `chmod o-w {path}` and save again.")


def parse(text: str, path: Path) -> Policy:
    """Return the policy in `text`; `path` is for messages. Raises: ConfigInvalid."""
    plain = _toml(text, path)
    try:
        policy = _adapter().validate_python(_with_lists(plain))
    except ValidationError as error:
        raise ConfigInvalid(_explain(error, text, path)) from error
    for where, message in _wrong(policy):
        key = ".".join(map(str, where))
        raise ConfigInvalid(f"{path}:{line_of(text, where)}: {key}: {message}")
    return _extended(policy, text, path)


def _toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigInvalid(f"{path}: not valid TOML: nested too deeply") from None
    except ValueError as error:
        at = AT_LINE.search(str(error))
        line = at[1] if at else text.count("\n") + 1
        raise ConfigInvalid(f"{path}:{line}: not valid TOML: {error}") from error


def _extended(policy: Policy, text: str, path: Path) -> Policy:
    """Return the policy with the rules of the shipped one behind its own."""
    if not policy.extends:
        return policy
    if policy.extends not in shipped():
        line = line_of(text, ["extends"])
        raise ConfigInvalid(
            f"{path}:{line}: extends: no such policy; there are {', '.join(shipped())}"
        )
    base, _ = load(shipped_path(policy.extends))
    taken = {rule.id for rule in policy.rule}
    return replace(
        policy,
        rule=policy.rule + tuple(rule for rule in base.rule if rule.id not in taken),
        budget=policy.budget or base.budget,
        screening=policy.screening if "[screening" in text else base.screening,
        tiers=policy.tiers if "[tiers" in text else base.tiers,
    )


def _with_lists(plain: Any, table: str = "", parent: str = "") -> Any:
    """Return the tables with single words made lists where a list is meant."""
    if isinstance(plain, list):
        return [_with_lists(entry, table, parent) for entry in plain]
    if not isinstance(plain, dict):
        return plain
    made = {}
    for key, value in plain.items():
        deeper = _with_lists(value, key, table)
        if key == "complexity" and isinstance(value, int | float) and table in ("when", "unless"):
            deeper = {"min": value, "max": value}
        elif _is_list(key, table) and isinstance(value, str):
            deeper = [value]
        made[key] = deeper
    return made


def _is_list(key: str, table: str) -> bool:
    if table == "request":
        return key in _LISTS and key not in _SINGLE_IN_REQUEST
    if table in _SAMPLES:
        return False
    return key in _LISTS and key not in _WORDS_OF.get(table, ())


def _explain(error: ValidationError, text: str, path: Path) -> str:
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        where = list(fault["loc"])
        key = ".".join(map(str, where))
        words = WORDS.get(fault["type"], fault["msg"]).replace("[[provider]]", "[[rule]]")
        lines.append(f"{path}:{line_of(text, where)}: {key}: {words}")
    return "\n".join(lines)


Where = Sequence[str | int]


def _wrong(policy: Policy) -> Iterator[tuple[Where, str]]:
    """Yield (key path, message) of what types can't say."""
    if len(policy.rule) > _MOST_RULES:
        yield ["rule"], f"more than {_MOST_RULES} rules"
    if not 0 < policy.per_usd < 1e9:
        yield ["per_usd"], "must be more than 0: how much of the currency one US dollar is"
    for name in ("rule", "budget"):
        yield from _ids(name, [entry.id for entry in getattr(policy, name)])
    for i, rule in enumerate(policy.rule):
        yield from _wrong_rule(["rule", i], rule)
    for i, budget in enumerate(policy.budget):
        if not budget.limit >= 0:
            yield ["budget", i, "limit"], "must be 0 or more"
    for i, test in enumerate(policy.test):
        yield from _readable(["test", i, "request", "time"], schedule.moment, test.request.time)


def _wrong_rule(where: Where, rule: Rule) -> Iterator[tuple[Where, str]]:
    yield from _wrong_condition([*where, "when"], rule.when)
    if rule.unless is not None:
        yield from _wrong_condition([*where, "unless"], rule.unless)
    if rule.floor is not None and not 0 <= rule.floor <= 1:
        yield [*where, "floor"], "must be from 0 to 1"
    if rule.max_cost is not None and not rule.max_cost >= 0:
        yield [*where, "max_cost"], "must be 0 or more"
    if rule.pin and "/" not in rule.pin:
        yield [*where, "pin"], "must be provider/model"


def _ids(name: str, ids: Sequence[str]) -> Iterator[tuple[Where, str]]:
    for i, identity in enumerate(ids):
        if not identity.strip() or len(identity) > 100 or not identity.isprintable():
            yield [name, i, "id"], "must be a short name"
        elif identity in ids[:i]:
            yield [name, i, "id"], f"another {name} has this id already"


def _wrong_condition(where: Where, condition: Condition) -> Iterator[tuple[Where, str]]:
    for window in condition.time:
        yield from _readable([*where, "time"], schedule.parse, window)
    for bound in ("min", "max"):
        if not 0 <= getattr(condition.complexity, bound) <= 1:
            yield [*where, "complexity"], "must be from 0 to 1"


def _readable(
    where: Where, read: Callable[[str], object], text: str
) -> Iterator[tuple[Where, str]]:
    try:
        read(text)
    except ValueError as error:
        yield where, str(error)
