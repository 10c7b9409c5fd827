"""What the doors need of the daemon: one protocol, so that they never import it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from routerd.core.config import Config
from routerd.core.decision import Decision
from routerd.core.outcome import Outcome
from routerd.core.ports import Catalogue
from routerd.core.status import Status
from routerd.endpoints.feed import Feed
from routerd.journey.permit import Permit
from routerd.journey.route import Journey
from routerd.storage.browsing import Wanted


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One valid set of settings and what was built from it; a request takes it once."""

    config: Config
    journey: Journey
    catalogue: Catalogue

    def in_mode(self, *, offline: bool) -> "Snapshot":
        """Return the same, offline or not."""
        stance = replace(self.journey.stance, offline=offline)
        return replace(
            self,
            config=replace(self.config, offline=offline),
            journey=replace(self.journey, stance=stance),
        )


class Governance(Protocol):
    """What governs requests, as the doors see it."""

    @property
    def permit(self) -> Permit:
        """The policy in force."""
        ...

    @property
    def policy_error(self) -> str:
        """What is wrong with policy.toml; '' when it is in force."""
        ...

    def report(self) -> Mapping[str, Any]:
        """Return what was tried towards other machines."""
        ...

    def balances(self) -> list[dict[str, Any]]:
        """Return each budget with what is used up now."""
        ...

    def approved(self, code: str) -> bool:
        """Let findings leave that were asked about under this code; False for an unknown one."""
        ...


@dataclass(frozen=True, slots=True)
class CellView:
    """How a model did at a task: `well` of `tried` answers, faded by their age."""

    model: str
    task: str
    tried: float
    well: float


class History(Protocol):
    """What happened before, as lists and sums. Every method raises RouterdError on trouble."""

    async def page(self, wanted: Wanted) -> tuple[list[dict[str, Any]], int | None]:
        """Return decisions as flat rows, newest first, and the cursor of the next page."""
        ...

    async def statistics(self, days: int) -> dict[str, Any]:
        """Return sums by day, task, model and zone, and times by model; money in US dollars."""
        ...

    async def rule_hits(self) -> dict[str, dict[str, Any]]:
        """Return by rule of the policy how often it applied (hits) and when last (last_unix_s)."""
        ...


class House(Protocol):
    """The daemon as its doors see it."""

    @property
    def feed(self) -> Feed:
        """What happens, as it happens."""
        ...

    @property
    def history(self) -> History:
        """What happened before."""
        ...

    def cells(self) -> list[CellView]:
        """Return the performance matrix: what is known of each model at each task."""
        ...

    def sessions(self) -> list[dict[str, Any]]:
        """Return who holds which conversation, see `sessions.ledger.Ledger.held`."""
        ...

    def current(self) -> Snapshot:
        """Return the snapshot in force."""
        ...

    async def status(self) -> Status:
        """Return everything a face shows."""
        ...

    async def decision(self, identity: str) -> tuple[Decision, Outcome | None, Mapping[str, Any]]:
        """Return a past decision; `last` is the newest. Raises: NotFound."""
        ...

    async def feedback(self, identity: str, value: float) -> Mapping[str, Any]:
        """Take in a user's word on an answer, 0 bad to 1 good; return what it was on.

        `identity` as in `decision`. Raises: NotFound.
        """
        ...

    async def refresh(self) -> None:
        """Look again for engines and models."""
        ...

    @property
    def governance(self) -> "Governance":
        """Policy, offline mode, audit log and budgets."""
        ...

    def set_offline(self, offline: bool, by: str) -> None:
        """Switch offline mode on or off, at once. Raises: RouterdError where that can't be."""
        ...

    def pause(self, for_s: float | None) -> None:
        """Take no new requests for that long, None for until `resume`; running ones end."""
        ...

    def resume(self) -> None:
        """Take requests again."""
        ...

    async def set_profile(self, name: str) -> None:
        """Write the profile into config.toml and put it in force. Raises: ConfigInvalid."""
        ...

    async def forget(
        self, workspace: str | None, since_unix_s: float | None, until_unix_s: float | None
    ) -> Mapping[str, int]:
        """Delete what is remembered; return how many rows went. Raises: RouterdError."""
        ...

    async def reload(self) -> str:
        """Read config.toml again; return what is wrong with it, '' when it is in force."""
        ...

    def stop(self) -> None:
        """Begin to drain and stop."""
        ...
