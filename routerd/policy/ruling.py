"""What the user's policy makes of one request, and whether a candidate may answer under it.

Precedence: every rule that applies counts, a candidate must satisfy them all, and of limits the
strictest is in force. Of several pins the one written first in the file counts.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from routerd.core.candidate import Candidate, Zone
from routerd.core.policy import VERDICTS, Finding, Policy, Rule, Selector, Tier, Tiers, Verdict
from routerd.policy import conditions, globs


@dataclass(frozen=True, slots=True)
class Subject:
    """A model as the rules see it; `cost` is of this request, in the policy's currency,
    NaN where nobody knows it."""

    name: str
    zone: Zone
    tier: Tier
    cost: float = 0.0

    @property
    def provider(self) -> str:
        """The part of the name before the slash."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Ruling:
    """The rules that apply to one request, in the order of the file, and what was found in it.

    `budget_left` is money in US dollars, None without a budget; `budget_name` names the tightest.
    `approval` is the code under which a person can let the findings leave.
    """

    policy: Policy = Policy()  # noqa: RUF009  # frozen
    rules: tuple[Rule, ...] = ()
    findings: tuple[Finding, ...] = ()
    screened: Verdict = "allow"
    budget_left: float | None = None
    budget_name: str = ""
    approval: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the rules that apply."""
        return tuple(rule.id for rule in self.rules)

    @property
    def pin(self) -> tuple[str, str]:
        """(provider/model glob, rule id) of the pin in force; two empty texts without one."""
        return next(((rule.pin, rule.id) for rule in self.rules if rule.pin), ("", ""))

    @property
    def floor(self) -> float:
        """The highest quality floor that a rule sets; 0 without one."""
        return max((rule.floor for rule in self.rules if rule.floor is not None), default=0.0)


def rule_on(policy: Policy, facts: conditions.Facts) -> Ruling:
    """Return which rules of the policy apply."""
    return Ruling(policy, tuple(rule for rule in policy.rule if applies(rule, facts)))


def applies(rule: Rule, facts: conditions.Facts) -> bool:
    """Whether `when` fits and `unless` does not."""
    excepted = rule.unless is not None and conditions.fits(rule.unless, facts)
    return conditions.fits(rule.when, facts) and not excepted


def verdict_on(ruling: Ruling, findings: Sequence[Finding]) -> Verdict:
    """Return the strictest verdict on findings: of the screening settings and of rules."""
    kinds = {finding.kind for finding in findings}
    wanted: list[Verdict] = []
    if "secret" in kinds:
        wanted.append(ruling.policy.screening.secret)
    if "personal" in kinds:
        wanted.append(ruling.policy.screening.personal)
    if kinds:
        wanted += [rule.sensitive for rule in ruling.rules if rule.sensitive is not None]
    return max(wanted, key=VERDICTS.index, default="allow")


def tier_of(candidate: Candidate, tiers: Tiers, per_usd: float = 1.0) -> Tier:
    """Return the tier: as the user named it, else by zone and price."""
    named: tuple[tuple[Tier, tuple[str, ...]], ...] = (
        ("premium", tiers.premium),
        ("standard", tiers.standard),
        ("economy", tiers.economy),
    )
    for tier, patterns in named:
        if any(globs.name_fits(pattern, candidate.name) for pattern in patterns):
            return tier
    if candidate.zone != "cloud":
        return "local"
    price = candidate.price.output * per_usd
    if price >= tiers.premium_from or not candidate.price.output:
        return "premium"
    return "standard" if price >= tiers.standard_from else "economy"


def subject_of(candidate: Candidate, ruling: Ruling, cost_usd: float) -> Subject:
    """Return the candidate as the rules see it."""
    per_usd = ruling.policy.per_usd
    tier = tier_of(candidate, ruling.policy.tiers, per_usd)
    cost = math.nan if unpriced(candidate) else cost_usd * per_usd
    return Subject(candidate.name, candidate.zone, tier, cost)


def unpriced(candidate: Candidate) -> bool:
    """Whether nobody knows what this cloud model costs; then it passes no limit of money."""
    return candidate.zone == "cloud" and not (candidate.price.input or candidate.price.output)


def selects(selector: Selector, subject: Subject) -> bool:
    """Whether the selector means this model; an empty one means nobody."""
    return not selector.empty and _fits(selector, subject)


def _fits(selector: Selector, subject: Subject) -> bool:
    model = subject.name.partition("/")[2]
    return (
        (not selector.tier or subject.tier in selector.tier)
        and _named(selector.provider, subject.provider)
        and (_named(selector.model, model) or _named(selector.model, subject.name))
    )


def _named(patterns: tuple[str, ...], name: str) -> bool:
    return not patterns or any(globs.name_fits(pattern, name) for pattern in patterns)


def refusal(subject: Subject, ruling: Ruling) -> str | None:
    """Return why the policy refuses this model, naming the rule; None where it does not."""
    for rule in ruling.rules:
        for check in _CHECKS:
            if reason := check(rule, subject, ruling):
                return f"policy rule {rule.id}: {reason}"
    pin, owner = ruling.pin
    if pin and not globs.name_fits(pin, subject.name):
        return f"policy rule {owner}: only {pin} may answer"
    return None


def _zone(rule: Rule, subject: Subject, _: Ruling) -> str:
    if rule.allow_zones is None or subject.zone in rule.allow_zones:
        return ""
    return f"zone {subject.zone} is not among {', '.join(rule.allow_zones) or 'none'}"


def _forbidden(rule: Rule, subject: Subject, _: Ruling) -> str:
    return f"forbids {described(rule.forbid)}" if selects(rule.forbid, subject) else ""


def _required(rule: Rule, subject: Subject, _: Ruling) -> str:
    if rule.require.empty or selects(rule.require, subject):
        return ""
    return f"requires {described(rule.require)}; this is {subject.tier}"


def _cost(rule: Rule, subject: Subject, ruling: Ruling) -> str:
    # A price that is no number must not pass a limit.
    if rule.max_cost is None or subject.cost <= rule.max_cost:
        return ""
    if math.isnan(subject.cost):
        return f"its price is not known, and more than {rule.max_cost:g} a request is not allowed"
    unit = ruling.policy.currency
    return f"about {subject.cost:.4f} {unit} is more than {rule.max_cost:g} a request"


_CHECKS: tuple[Callable[[Rule, Subject, Ruling], str], ...] = (
    _zone,
    _forbidden,
    _required,
    _cost,
)


def described(selector: Selector) -> str:
    """Return a selector in words."""
    parts = (("tier", selector.tier), ("provider", selector.provider), ("model", selector.model))
    return " and ".join(f"{name} {' or '.join(values)}" for name, values in parts if values)
