"""The user's policy as values: rules, budgets, screening, and the tests written beside them."""

from dataclasses import dataclass, field
from typing import Literal

from routerd.core.candidate import Zone
from routerd.core.features import Task

Tier = Literal["local", "economy", "standard", "premium"]
TIERS: tuple[Tier, ...] = ("local", "economy", "standard", "premium")
ZONES: tuple[Zone, ...] = ("device", "network", "cloud")
Verdict = Literal["allow", "mask", "stay-local", "ask", "block"]
# From the mildest to the strictest: where two apply, the stricter one counts.
VERDICTS: tuple[Verdict, ...] = ("allow", "mask", "stay-local", "ask", "block")
Sensitivity = Literal["secret", "personal"]
Period = Literal["day", "month"]


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval of complexity, 0..1."""

    min: float = 0.0
    max: float = 1.0


@dataclass(frozen=True, slots=True)
class Condition:
    """What a request must be like; within a field any one value is enough, empty means any.

    `workspace`, `path` and `client` are globs; `time` are windows such as "Mon-Fri 08:00-18:00"
    in local time.
    """

    task: tuple[Task, ...] = ()
    complexity: Range = Range()
    language: tuple[str, ...] = ()
    workspace: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    client: tuple[str, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    time: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selector:
    """Which candidates are meant; all fields given must fit, within one any value is enough."""

    tier: tuple[Tier, ...] = ()
    provider: tuple[str, ...] = ()
    model: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether it names nobody in particular."""
        return not (self.tier or self.provider or self.model)


@dataclass(frozen=True, slots=True)
class Rule:
    """One `[[rule]]`: applies when `when` fits and `unless`, if given, does not.

    `max_cost` is money per request in the policy's currency; `floor` the share of the best
    candidate's P(success) one must reach; `pin` is provider/model, and globs are allowed in it.
    """

    id: str
    when: Condition = Condition()
    unless: Condition | None = None
    allow_zones: tuple[Zone, ...] | None = None
    forbid: Selector = Selector()
    require: Selector = Selector()
    max_cost: float | None = None
    pin: str = ""
    floor: float | None = None
    sensitive: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """One `[[budget]]`: at most `limit` per day or month for what its globs match together."""

    id: str
    limit: float
    per: Period = "month"
    workspace: str = "*"
    client: str = "*"


@dataclass(frozen=True, slots=True)
class Screening:
    """What becomes of a request that would leave the machine with a finding in it.

    `ignore` names detectors that are not to be used. `approve_s` is how long an answer to "ask"
    holds.
    """

    secret: Verdict = "stay-local"  # noqa: S105  # a verdict
    personal: Verdict = "mask"
    ignore: tuple[str, ...] = ()
    approve_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Tiers:
    """From which output price per million tokens (policy's currency) a cloud model is dearer.

    `premium`, `standard` and `economy` name models (globs over provider/model) whatever their
    price. A cloud model without a known price counts as premium.
    """

    premium_from: float = 10.0
    standard_from: float = 2.0
    premium: tuple[str, ...] = ()
    standard: tuple[str, ...] = ()
    economy: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """A model in a policy test; what is not said is taken to fit."""

    zone: Zone = "cloud"
    tier: Tier | None = None
    provider: str = ""
    model: str = ""
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A request in a policy test. `time` is such as "Mon 09:30"."""

    task: Task = "other"
    complexity: float = 0.5
    language: str = "none"
    workspace: str = ""
    path: tuple[str, ...] = ()
    client: str = ""
    sensitivity: tuple[Sensitivity, ...] = ()
    time: str = "Wed 12:00"


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """One `[[test]]`: what a request must get. `rules` are the ids that must apply, exactly."""

    name: str
    request: SampleRequest = SampleRequest()
    rules: tuple[str, ...] | None = None
    allows: tuple[Sample, ...] = ()
    refuses: tuple[Sample, ...] = ()
    pin: str | None = None
    floor: float | None = None
    sensitive: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """All of `policy.toml`. `per_usd` is how much of `currency` one US dollar is."""

    extends: str = ""
    currency: str = "USD"
    per_usd: float = 1.0
    rule: tuple[Rule, ...] = ()
    budget: tuple[Budget, ...] = ()
    screening: Screening = Screening()
    tiers: Tiers = Tiers()
    test: tuple[PolicyTest, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Finding:
    """Something sensitive in a request: where and of what kind, never the text itself.

    `detector` is the rule's id; `message` the index of the message, -1 for a tool's description;
    `start` and `end` are characters within the text part number `part`. `digest` identifies the
    same text again within this run of the daemon.
    """

    kind: Sensitivity
    detector: str
    message: int
    part: int
    start: int
    end: int
    digest: str = ""
