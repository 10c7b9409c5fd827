"""What the faces show beyond the bare state: requests, refusals, money, the cloud, the pause."""

from collections.abc import Container, Iterable
from dataclasses import fields, replace

from routerd.core.candidate import Candidate
from routerd.core.config import Config
from routerd.core.status import ModelStatus, RecentDecision, RefusedEgress, Savings, Status
from routerd.daemon.governance import Governance
from routerd.endpoints import views
from routerd.endpoints.house import Snapshot
from routerd.journey.activity import Activity
from routerd.policy import cloud_use, wish
from routerd.storage.history import Past


def described(
    status: Status,
    now: Snapshot,
    activity: Activity,
    governance: Governance,
    saved_usd: tuple[float, float],
) -> Status:
    """Return the status with all of that; it reads memory only.

    `saved_usd`: what was saved today and this month, US dollars.
    """
    policy = governance.policy
    today, month = (round(usd * policy.per_usd, 6) for usd in saved_usd)
    reached = governance.budgets_reached()
    barrier = cloud_use.barrier(
        now.catalogue.candidates(),
        now.catalogue.engines,
        policy,
        reached,
        offline=status.offline,
    )
    return replace(
        status,
        running=activity.running,
        decisions=tuple(activity.decisions),
        refused=refused(activity, governance),
        saved=Savings(today, month, policy.currency),
        cloud_allowed=not barrier,
        cloud_reason=barrier,
        paused=activity.paused,
        paused_left_s=round(activity.paused_left_s, 1),
        policy_error=governance.policy_error,
        profiles=profiles(now.config),
        budgets_reached=tuple(budget.id for budget in reached),
        notifications=wanted(now.config),
    )


def refused(activity: Activity, governance: Governance) -> RefusedEgress:
    """Return what was refused at the door, by the policy, and by the tripwire."""
    told, tripwire = activity.refused, governance.tripwire
    stopped = tripwire.report()["stopped"]
    if not stopped:
        return told
    count = told.count + sum(stopped.values())
    if told.last_unix_s >= tripwire.last_stopped_unix_s:
        return replace(told, count=count)
    what, _, where = tripwire.last_stopped.partition(" ")
    reason = f"offline mode is on; {what} was stopped"
    return RefusedEgress(count, tripwire.last_stopped_unix_s, where, reason)


def profiles(config: Config) -> tuple[str, ...]:
    """Return the names one may choose from, the built-in ones first."""
    return tuple({**wish.BUILT_IN_PROFILES, **config.profiles})


def wanted(config: Config) -> tuple[str, ...]:
    """Return the names of the notifications that are switched on."""
    kinds = config.notifications
    return tuple(field.name for field in fields(kinds) if getattr(kinds, field.name))


def recent(pasts: Iterable[Past]) -> Iterable[RecentDecision]:
    """Yield past decisions as the faces show them."""
    for decision, outcome, facts in pasts:
        model = outcome.model if outcome else ""
        zone = next((e.candidate.zone for e in decision.ranked if e.candidate.name == model), None)
        yield RecentDecision(
            id=decision.id,
            at_unix_s=float(facts["at_unix_s"]),
            task=decision.features.reading.task,
            model=model,
            zone=zone or "device",
            reason=decision.reason,
            finish=outcome.finish if outcome else "",
        )


def state(candidates: Iterable[Candidate], *, stopping: bool) -> str:
    """Return what a person sees first: whether anything can answer."""
    usable = [candidate for candidate in candidates if candidate.usable]
    if stopping:
        return "stopping"
    if not usable:
        return "no models"
    return "plumbing check only" if all(c.plumbing for c in usable) else "ready"


def model(candidate: Candidate, engine: str, loaded: Container[str]) -> ModelStatus:
    """Return a candidate as the faces show it.

    `engine` is the kind of its provider, `loaded` the names of what is known to be in memory.
    """
    return ModelStatus(
        name=candidate.name,
        provider=candidate.provider,
        zone=candidate.zone,
        context_tokens=candidate.context_tokens,
        capabilities=tuple(views.capabilities(candidate.capabilities)),
        warm=candidate.warm or candidate.name in loaded,
        usable=candidate.usable and not candidate.circuit_open,
        reason=candidate.unusable_reason or ("resting" if candidate.circuit_open else ""),
        parameters_b=candidate.parameters_b,
        health=candidate.health,
        tokens_per_s=candidate.tokens_per_s,
        plumbing=candidate.plumbing,
        engine=engine,
        loaded_tokens=candidate.loaded_tokens,
        ability=candidate.ability,
        ability_sd=candidate.ability_sd,
        price_input=candidate.price.input,
        price_cached_input=candidate.price.cached_input,
        price_output=candidate.price.output,
        load_s=candidate.load_s,
        size_bytes=candidate.size_bytes,
    )
