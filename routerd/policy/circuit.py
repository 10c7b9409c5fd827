"""When a model that keeps failing may be asked again. Pure: the clock is an argument."""

from dataclasses import dataclass, replace

FAILURES_TO_OPEN = 3
FIRST_REST_S = 15.0
LONGEST_REST_S = 300.0
# Beyond the longest rest; without it a model that is gone for days overflows the power of two.
MOST_DOUBLINGS = 10
# How long one request at most is the only one that tries a model after its rest; a request that never
# tells how it went must not close the model for ever.
LONGEST_TRIAL_S = 600.0
# Share of the newest result in the running health.
HEALTH_STEP = 0.2


@dataclass(frozen=True, slots=True)
class Circuit:
    """Health 0..1, failures in a row, and until when (monotonic seconds) it rests.

    After the rest it is half open: one request tries it, and until that has come back, or
    `trial_until_s`, nobody else does.
    """

    health: float = 1.0
    failures: int = 0
    open_until_s: float = 0.0
    trial_until_s: float = 0.0

    def is_open(self, now_s: float) -> bool:
        """Whether it must not be asked: it rests, or another request is trying it."""
        return now_s < max(self.open_until_s, self.trial_until_s)

    def entered(self, now_s: float) -> "Circuit":
        """Return the circuit while a request is under way that found it not open."""
        if self.failures < FAILURES_TO_OPEN:
            return self
        return replace(self, trial_until_s=now_s + LONGEST_TRIAL_S)

    def left(self) -> "Circuit":
        """Return the circuit after a request that says nothing of the model: another may try."""
        return replace(self, trial_until_s=0.0)

    def after(self, ok: bool, now_s: float, rest_s: float = 0.0) -> "Circuit":
        """Return the circuit after one more result; each failed try doubles the rest.

        Failures that arrive while it rests were under way before: they are no new try. `rest_s`
        is what a backend itself asked for (Retry-After); it rests at least that long, at once.
        """
        if not ok and rest_s > 0.0:
            until_s = max(self.open_until_s, now_s + min(rest_s, LONGEST_REST_S))
            return replace(self._after(ok, now_s), open_until_s=until_s)
        return self._after(ok, now_s)

    def _after(self, ok: bool, now_s: float) -> "Circuit":
        health = self.health + HEALTH_STEP * (float(ok) - self.health)
        if ok:
            return Circuit(health)
        if now_s < self.open_until_s:
            return replace(self, health=health)
        failures = self.failures + 1
        circuit = replace(self, health=health, failures=failures, trial_until_s=0.0)
        if failures < FAILURES_TO_OPEN:
            return circuit
        doublings = min(failures - FAILURES_TO_OPEN, MOST_DOUBLINGS)
        rest_s = min(FIRST_REST_S * 2.0**doublings, LONGEST_REST_S)
        return replace(circuit, open_until_s=now_s + rest_s)
