"""What a request is permitted: the user's rules, screening, budgets; and masks on the way out."""

import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from typing_extensions import override

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision
from routerd.core.features import Features
from routerd.core.policy import Finding, Policy, Verdict
from routerd.core.ports import Catalogue, Provider, Screener
from routerd.core.request import Request
from routerd.core.response import Chunk
from routerd.core.status import EngineStatus
from routerd.journey.paths import paths_of
from routerd.journey.paying import Around, Paying
from routerd.journey.spending import Spending
from routerd.policy import conditions, masking, ruling
from routerd.policy.ruling import Ruling
from routerd.policy.schedule import Moment

Choose = Callable[[Features, Ruling], Decision]
MOST_PENDING = 256


def now() -> Moment:
    """Return the moment of the week, local time."""
    local = time.localtime()
    return Moment(local.tm_wday, local.tm_hour * 60 + local.tm_min)


class Approvals:
    """Findings that a person let leave, by their digests, for a while."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._pending: dict[str, frozenset[str]] = {}
        self._until_s: dict[str, float] = {}

    def ask(self, findings: Sequence[Finding]) -> str:
        """Return the code under which these findings can be approved."""
        digests = frozenset(finding.digest for finding in findings)
        code = hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:10]
        self._pending[code] = digests
        while len(self._pending) > MOST_PENDING:
            del self._pending[next(iter(self._pending))]
        return code

    def approve(self, code: str, for_s: float) -> bool:
        """Let the findings of this code leave; False where nobody asked under it."""
        digests = self._pending.pop(code, None)
        if digests is None:
            return False
        now_s = self._clock_s()
        self._until_s = {d: until_s for d, until_s in self._until_s.items() if until_s > now_s}
        self._until_s.update(dict.fromkeys(digests, now_s + for_s))
        return True

    def holds(self, findings: Sequence[Finding]) -> bool:
        """Whether every one of these was approved and still is."""
        time_s = self._clock_s()
        return all(self._until_s.get(finding.digest, 0.0) > time_s for finding in findings)


@dataclass(frozen=True, slots=True)
class Permit:
    """The policy in force; what outlives a reload is shared between permits."""

    policy: Policy = Policy()  # noqa: RUF009  # frozen
    screener: Screener | None = None
    spending: Spending = field(default_factory=Spending)
    approvals: Approvals = field(default_factory=Approvals)
    moment: Callable[[], Moment] = now

    async def decide(self, request: Request, features: Features, choose: Choose) -> Decision:
        """Return what `choose` makes of the rules; screened only where it could leave.

        A request that no admitted candidate would carry off this machine is not searched.
        """
        decision = choose(features, self._ruling(request, features))
        leaves = any(entry.candidate.leaves_machine for entry in decision.ranked)
        if self.screener is None or not leaves:
            return decision
        findings = await self.screener.find(request)
        wanted = tuple(f for f in findings if f.detector not in self.policy.screening.ignore)
        if not wanted:
            # Budgets may have changed while the search ran in a thread; nothing else has.
            again = bool(self.policy.budget)
            return choose(features, self._ruling(request, features)) if again else decision
        kinds = tuple(sorted({finding.kind for finding in wanted}))
        features = replace(features, sensitivity=kinds)
        found = self._ruling(request, features)
        first = decision.ranked[0].candidate
        return choose(features, self._screened(found, wanted, first, native=request.native_only))

    def _screened(
        self, found: Ruling, findings: tuple[Finding, ...], first: Candidate, *, native: str
    ) -> Ruling:
        """Return the ruling with the verdict on what was found.

        `native` names content that only the client's own bytes hold; those can't be masked.
        """
        verdict: Verdict = ruling.verdict_on(found, findings)
        code = ""
        if verdict == "ask":
            if self.approvals.holds(findings):
                verdict = "mask"
            else:
                code = self.approvals.ask(findings)
        if verdict == "mask" and native:
            verdict = "stay-local"
        if verdict in ("ask", "block") and not first.leaves_machine:
            # It would have been answered here anyway: there is nothing to stop.
            verdict, code = "stay-local", ""
        return replace(found, findings=findings, screened=verdict, approval=code)

    def _ruling(self, request: Request, features: Features) -> Ruling:
        found = ruling.rule_on(self.policy, self.facts(request, features))
        balance = self.spending.left(self.policy, request)
        if balance is None:
            return found
        left_usd = balance.left / self.policy.per_usd
        return replace(found, budget_left=left_usd, budget_name=balance.budget.id)

    def facts(self, request: Request, features: Features) -> conditions.Facts:
        """Return what the rules look at; files are looked for only where a rule names some."""
        told = any(r.when.path or (r.unless and r.unless.path) for r in self.policy.rule)
        return conditions.Facts(
            task=features.reading.task,
            complexity=features.reading.complexity,
            language=features.reading.language,
            workspace=request.workspace,
            paths=paths_of(request) if told else (),
            client=request.client,
            sensitivity=features.sensitivity,
            moment=self.moment(),
        )

    def guarded(self, catalogue: Catalogue, request: Request, decision: Decision) -> Catalogue:
        """Return the catalogue whose providers beyond this machine get a masked request.

        Where a budget is set, each attempt after the first is asked for its price before.
        """
        if self.policy.budget:

            def afford(candidate: Candidate) -> bool:
                return self.spending.afford(candidate, decision, request, self.policy)

            catalogue = Paying(catalogue, afford)
        if decision.screened != "mask":
            return catalogue
        return _Masking(catalogue, masking.mask(request, decision.findings))


class _Masking(Around):
    """Puts masks in front of providers that are elsewhere."""

    def __init__(self, inner: Catalogue, masked: masking.Masked) -> None:
        super().__init__(inner)
        self._masked = masked

    @override
    def provider(self, name: str) -> Provider:
        return _MaskingProvider(self._inner.provider(name), self._masked)


class _MaskingProvider:
    """A provider that sends the masked request and puts the originals back into the answer."""

    def __init__(self, inner: Provider, masked: masking.Masked) -> None:
        self.name, self.kind = inner.name, inner.kind
        self._inner = inner
        self._masked = masked

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        return await self._inner.discover()

    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        if not candidate.leaves_machine:
            async with aclosing(self._inner.stream(request, candidate)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        restorer = masking.Restorer(self._masked.originals)
        async with aclosing(self._inner.stream(self._masked.request, candidate)) as chunks:
            async for chunk in chunks:
                for restored in restorer.restore(chunk):
                    yield restored
