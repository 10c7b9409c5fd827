"""The policy's rules in words: when each applies and what it does."""

from collections.abc import Mapping, Sequence
from typing import Any

from routerd.core.policy import Condition, Policy, Range, Rule, Selector


def rules(
    policy: Policy, ever: Mapping[str, Mapping[str, Any]], since_start: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return the rules in force in words, each with how often it applied and when last."""
    most = max((row["hits"] for row in ever.values()), default=0)
    return [
        {
            "id": rule.id,
            "when": condition(rule.when) or ["any request"],
            "unless": condition(rule.unless) if rule.unless else [],
            "then": effect(rule, policy.currency),
            "hits": ever.get(rule.id, {}).get("hits", 0),
            "last_unix_s": ever.get(rule.id, {}).get("last_unix_s"),
            "since_start": since_start.get(rule.id, 0),
            "share": round(100.0 * ever.get(rule.id, {}).get("hits", 0) / most, 2) if most else 0,
        }
        for rule in policy.rule
    ]


def condition(when: Condition) -> list[str]:
    """Return what must be so, one line for each field; [] where anything fits."""
    lines = []
    if when.complexity != Range():
        lines.append(f"complexity {when.complexity.min:g} to {when.complexity.max:g}")
    for field in ("task", "language", "workspace", "path", "client", "sensitivity", "time"):
        values: Sequence[str] = getattr(when, field)
        if values:
            lines.append(f"{field} {' or '.join(values)}")
    return lines


def effect(rule: Rule, currency: str) -> list[str]:
    """Return what the rule does, one line for each effect."""
    lines = []
    if rule.allow_zones is not None:
        lines.append(f"only {' and '.join(rule.allow_zones) or 'nowhere'}")
    lines += [f"not {text}" for text in _selected(rule.forbid)]
    lines += [f"must be {text}" for text in _selected(rule.require)]
    if rule.max_cost is not None:
        lines.append(f"at most {rule.max_cost:g} {currency} a request")
    if rule.pin:
        lines.append(f"pinned to {rule.pin}")
    if rule.floor is not None:
        lines.append(f"quality floor {rule.floor:g}")
    if rule.sensitive is not None:
        lines.append(f"findings: {rule.sensitive}")
    return lines


def _selected(selector: Selector) -> list[str]:
    named = (("tier", selector.tier), ("provider", selector.provider), ("model", selector.model))
    return [f"{field} {' or '.join(values)}" for field, values in named if values]
