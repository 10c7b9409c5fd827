"""What the doors need of the daemon: one protocol, so that they never import it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from routerd.core.config import Config
from routerd.core.decision import Decision
from routerd.core.outcome import Outcome
from routerd.core.ports import Catalogue
from routerd.core.status import Status
from routerd.journey.route import Journey


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One valid set of settings and what was built from it; a request takes it once."""

    config: Config
    journey: Journey
    catalogue: Catalogue


class House(Protocol):
    """The daemon as its doors see it."""

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

    async def reload(self) -> str:
        """Read config.toml again; return what is wrong with it, '' when it is in force."""
        ...

    def stop(self) -> None:
        """Begin to drain and stop."""
        ...
