"""What governs requests and outlives every reload: policy, offline mode, audit, budgets."""

import hashlib
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from routerd.audit.log import AuditLog
from routerd.core.errors import ConfigInvalid, RouterdError
from routerd.core.policy import Budget, Policy
from routerd.journey.audited import Audit
from routerd.journey.permit import Permit
from routerd.network.offline import LoopbackOnly
from routerd.network.tripwire import Tripwire
from routerd.policy import budgets, policy_faults, policy_trials
from routerd.settings import mode_file, policy_file
from routerd.settings.places import Places

_log = logging.getLogger(__name__)
OWN_CONNECTIONS = "routerd's own connections"
AUDIT_HOOK = "routerd's own connections and an audit hook in this process"


class Refused(RouterdError):
    """A switch that can't be thrown now; the text says why."""

    status_hint = 409


@dataclass(slots=True)
class Governance:
    """Built by `daemon.serve`. `kernel` names the kernel layer where it is in force."""

    places: Places
    door: LoopbackOnly
    audit_log: AuditLog
    tripwire: Tripwire = field(default_factory=Tripwire)
    kernel: str = ""
    permit: Permit = field(default_factory=Permit)
    policy_error: str = ""
    policy_warnings: tuple[str, ...] = ()
    _text: str = ""

    @property
    def audit(self) -> Audit:
        """What the journey writes its entries with."""
        return Audit(self.audit_log)

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.permit.policy

    def load(self) -> bool:
        """Read policy.toml; True where it changed what is in force.

        Raises: ConfigInvalid, and then the last good one stays.
        """
        try:
            policy, text = policy_file.load(self.places.policy, before=self._text or None)
        except ConfigInvalid as error:
            self.policy_error = error.message
            raise
        self.policy_error = ""
        changed = policy != self.policy
        self._text = text
        if changed:
            self.permit = replace(self.permit, policy=policy)
            self.policy_warnings = tuple(complaints(policy))
            digest = hashlib.sha256(text.encode()).hexdigest()
            ids = [rule.id for rule in policy.rule]
            self.audit_log.put("policy", {"sha256": digest, "rules": ids})
            _log.info("policy.toml is in force: %d rules", len(ids))
        return changed

    def allow_engines(self, urls: Iterable[str]) -> None:
        """Say which servers of this machine stay reachable while offline."""
        self.door.allowed = frozenset(urls)

    def switch(self, *, offline: bool, by: str) -> None:
        """Throw the switch and remember it. Raises: Refused, RouterdError."""
        if not offline and self.kernel:
            raise Refused(
                "The daemon was started with --airgap, and the kernel lets nobody out of that. "
                "`routerd down`, then `routerd up` without it."
            )
        try:
            mode_file.write(self.places.mode, offline=offline)
        except OSError as error:
            raise RouterdError(f"{self.places.mode} can't be written: {error.strerror}") from error
        self.enforce(offline=offline)
        self.audit_log.put("offline", {"offline": offline, "by": by, "layer": self.layer})
        _log.warning("offline mode is %s (%s)", "on" if offline else "off", by)

    def enforce(self, *, offline: bool) -> None:
        """Put the soft layers in force or take them off."""
        self.door.offline = offline
        self.tripwire.armed = offline

    @property
    def layer(self) -> str:
        """The strongest layer in force; '' while not offline."""
        if not self.door.offline:
            return ""
        return self.kernel or (AUDIT_HOOK if self.tripwire.installed else OWN_CONNECTIONS)

    def report(self) -> Mapping[str, Any]:
        """Return what was tried towards other machines since the mode last changed, and before."""
        door = self.door
        attempts = sorted(door.attempts.values(), key=lambda a: -a.last_unix_s)
        return {
            "offline": door.offline,
            "layer": self.layer,
            "since_unix_s": door.since_unix_s,
            "for_s": round(max(0.0, time.time() - door.since_unix_s), 1),
            "refused": door.refused,
            "last_refused": door.last_refused,
            "passed": sum(attempt.passed for attempt in attempts),
            "attempts": [
                {
                    "server": attempt.server,
                    "refused": attempt.refused,
                    "passed": attempt.passed,
                    "last_unix_s": attempt.last_unix_s,
                }
                for attempt in attempts
            ],
            "tripwire": dict(self.tripwire.report()),
            "engines_allowed": sorted(door.allowed or ()),
        }

    def approved(self, code: str) -> bool:
        """See `endpoints.house.Governance.approved`."""
        let = self.permit.approvals.approve(code, self.policy.screening.approve_s)
        if let:
            self.audit_log.put("approved", {"code": code})
        return let

    def budgets_reached(self) -> tuple[Budget, ...]:
        """Return the budgets of which nothing is left."""
        return tuple(budget for budget, used in self._used() if used >= budget.limit)

    def balances(self) -> list[dict[str, Any]]:
        """Return each budget with what is used up now, in the policy's currency."""
        return [
            {
                "id": budget.id,
                "per": budget.per,
                "limit": budget.limit,
                "used": round(used, 6),
                "currency": self.policy.currency,
                "workspace": budget.workspace,
                "client": budget.client,
            }
            for budget, used in self._used()
        ]

    def _used(self) -> list[tuple[Budget, float]]:
        """Return each budget with what is used up of it now, in the policy's currency."""
        if not self.policy.budget:
            return []
        day, rate = time.strftime("%Y-%m-%d"), self.policy.per_usd
        entries = self.permit.spending.entries(day)
        return [
            (budget, budgets.used(budget, entries, day=day, per_usd=rate))
            for budget in self.policy.budget
        ]

    def warnings(self) -> list[str]:
        """Return what a person should know."""
        lost = self.audit_log.refused
        texts = [
            self.policy_error,
            *self.policy_warnings,
            self.audit_log.fault,
            f"{lost} audit entries were lost while the disk was full" if lost else "",
        ]
        return [text for text in texts if text]


def complaints(policy: Policy) -> Iterable[str]:
    """Yield what `routerd policy check` would find in a policy that can be used all the same."""
    for fault in (fault for fault in policy_faults.faults(policy) if fault.certain):
        yield f"policy.toml: rule {policy.rule[fault.rule].id} is {fault.kind}: {fault.reason}"
    for trial in policy_trials.run_all(policy):
        for complaint in trial.complaints:
            yield f"policy.toml: test '{trial.name}' fails: {complaint}"
