"""Finds rules that can never matter and rules that leave nobody; it says which, and why.

It errs towards silence: what globs and schedules hide is not reported.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from routerd.core.policy import ZONES, Condition, Policy, Rule, Selector
from routerd.policy import conditions, globs


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with rule number `rule` (from 0); `key` is the one to look at.

    `certain`: it is so for every request the rule applies to. Otherwise there may be requests to
    which both rules apply, and then nobody may answer: a person should know, and may well want it.
    """

    kind: str
    rule: int
    key: str
    reason: str
    certain: bool = True


def faults(policy: Policy) -> tuple[Fault, ...]:
    """Return what is wrong, in the order of the file."""
    rules = policy.rule
    found = [fault for number, rule in enumerate(rules) for fault in _alone(number, rule)]
    for (first, earlier), (second, later) in combinations(enumerate(rules), 2):
        if not _never(earlier) and not _never(later):
            found += _shadowed(first, earlier, second, later)
            found += _contradiction(earlier, second, later)
    return tuple(sorted(found, key=lambda fault: (fault.rule, fault.key)))


def _never(rule: Rule) -> bool:
    if not conditions.possible(rule.when):
        return True
    return rule.unless is not None and conditions.covers(rule.unless, rule.when)


def _alone(number: int, rule: Rule) -> Iterator[Fault]:
    if not conditions.possible(rule.when):
        low, high = rule.when.complexity.min, rule.when.complexity.max
        yield Fault(
            "unreachable", number, "when.complexity", f"no complexity is from {low} to {high}"
        )
    elif _never(rule):
        yield Fault("unreachable", number, "unless", "it excepts all that `when` lets in")
    if not _effects(rule):
        yield Fault("unreachable", number, "id", "it changes nothing: it has no effect at all")
    if rule.allow_zones == ():
        yield Fault("contradictory", number, "allow_zones", "no zone is left")
    if reason := _clash(rule, rule):
        yield Fault("contradictory", number, "require", reason)


def _effects(rule: Rule) -> bool:
    said = (rule.allow_zones, rule.max_cost, rule.floor, rule.sensitive)
    named = rule.pin or not rule.forbid.empty or not rule.require.empty
    return bool(named) or any(value is not None for value in said)


def _shadowed(first: int, earlier: Rule, second: int, later: Rule) -> Iterator[Fault]:
    """Yield a fault where the later rule, or its pin, can never make a difference."""
    if earlier.unless is not None or not conditions.covers(earlier.when, later.when):
        return
    if later.pin and earlier.pin:
        yield Fault(
            "unreachable", second, "pin", f"rule {earlier.id} always pins before: the first counts"
        )
    elif not later.pin and _at_least_as_strict(earlier, later):
        yield Fault(
            "unreachable",
            second,
            "id",
            f"rule {earlier.id} applies whenever it does and is as strict",
        )


def _at_least_as_strict(earlier: Rule, later: Rule) -> bool:
    return (
        _zones(earlier) <= _zones(later)
        and later.forbid in (Selector(), earlier.forbid)
        and later.require in (Selector(), earlier.require)
        and _bounded(earlier.max_cost, later.max_cost, lambda a, b: a <= b)
        and _bounded(earlier.floor, later.floor, lambda a, b: a >= b)
        and later.sensitive in (None, earlier.sensitive)
    )


def _bounded(
    earlier: float | None, later: float | None, stricter: Callable[[float, float], bool]
) -> bool:
    return later is None or (earlier is not None and stricter(earlier, later))


def _zones(rule: Rule) -> set[str]:
    return set(ZONES) if rule.allow_zones is None else set(rule.allow_zones)


def _contradiction(earlier: Rule, second: int, later: Rule) -> Iterator[Fault]:
    if not conditions.may_overlap(earlier.when, later.when) or _excepts(earlier, later.when):
        return
    if _excepts(later, earlier.when):
        return
    certain = earlier.unless is None and conditions.covers(earlier.when, later.when)
    kind = "contradictory" if certain else "perhaps contradictory"
    if not _zones(earlier) & _zones(later):
        reason = f"no zone is left where rule {earlier.id} applies as well"
        yield Fault(kind, second, "allow_zones", reason, certain)
    elif reason := _clash(earlier, later) or _clash(later, earlier):
        reason = f"{reason} where rule {earlier.id} applies as well"
        yield Fault(kind, second, "require", reason, certain)


def _excepts(rule: Rule, condition: Condition) -> bool:
    return rule.unless is not None and conditions.covers(rule.unless, condition)


def _clash(one: Rule, other: Rule) -> str:
    """Return why what `one` asks for is what `other` rules out; '' where it need not be so."""
    wanted = one.require
    if wanted.tier and other.require.tier and not set(wanted.tier) & set(other.require.tier):
        return f"tier {_or(wanted.tier)} and tier {_or(other.require.tier)} are both required"
    if wanted.tier and _rules_out_tiers(other) >= set(wanted.tier):
        return f"tier {_or(wanted.tier)} is required and ruled out"
    return _provider_clash(one, other.forbid) if _only("provider", other.forbid) else ""


def _provider_clash(one: Rule, forbidden: Selector) -> str:
    wanted = one.require.provider
    if wanted and all(_forbids(name, forbidden.provider) for name in wanted):
        return f"provider {_or(wanted)} is required and forbidden"
    if one.pin and _forbids(one.pin.partition("/")[0], forbidden.provider):
        return f"{one.pin} is pinned and its provider forbidden"
    return ""


def _rules_out_tiers(rule: Rule) -> set[str]:
    """Return the tiers that a rule leaves nobody of. Beyond the machine's own there is the cloud."""
    out: set[str] = set(rule.forbid.tier) if _only("tier", rule.forbid) else set()
    zones = _zones(rule)
    if "cloud" not in zones:
        # A named local model can carry any tier, but without names only the cloud has these.
        out |= {"premium", "standard", "economy"}
    if not zones & {"device", "network"}:
        out.add("local")
    return out


def _only(field: str, selector: Selector) -> bool:
    given = [name for name in ("tier", "provider", "model") if getattr(selector, name)]
    return given == [field]


def _forbids(name: str, patterns: tuple[str, ...]) -> bool:
    return any(globs.covers(pattern, name) for pattern in patterns)


def _or(values: tuple[str, ...]) -> str:
    return " or ".join(values)
