"""While routerd is paused, the memory of local models is freed as soon as nobody uses them."""

import logging
from collections.abc import Awaitable, Callable, Container

import anyio

from routerd.core.errors import ProviderFailed
from routerd.core.ports import Catalogue
from routerd.journey.activity import Activity

_log = logging.getLogger(__name__)
UNLOAD_S = 10.0


async def keep(
    activity: Activity,
    free: Callable[[set[str]], Awaitable[None]],
    resume: Callable[[], None],
) -> None:
    """Run for ever: free memory while paused, after each answer that ends; end a timed pause.

    `free` gets the names of the models that still answer.
    """
    while True:
        changed = activity.changed
        if activity.pause_is_over():
            resume()
            continue
        if activity.paused:
            await _freed(free, {request.model for request in activity.running})
        with anyio.move_on_after(_wait_s(activity)):
            await changed.wait()


def _wait_s(activity: Activity) -> float | None:
    """Return how long nothing is to be done unless something changes; 0 where a pause just ended."""
    return 0.0 if activity.pause_is_over() else activity.paused_left_s or None


async def _freed(free: Callable[[set[str]], Awaitable[None]], in_use: set[str]) -> None:
    try:
        await free(in_use)
    except Exception:  # noqa: BLE001  # a pause must hold whatever an engine answers
        _log.exception("the memory of local models could not be freed")


async def unload(catalogue: Catalogue, in_use: Container[str]) -> int:
    """Have every loaded model of this machine unloaded that nobody uses; return how many were.

    Failures are logged.
    """
    unloaded = 0
    for candidate in catalogue.candidates():
        if not candidate.warm or candidate.zone != "device" or candidate.name in in_use:
            continue
        give_up = getattr(catalogue.provider(candidate.provider), "unload", None)
        if give_up is None:
            continue
        try:
            with anyio.move_on_after(UNLOAD_S):
                await give_up(candidate.model)
                unloaded += 1
                _log.info("%s was unloaded: routerd is paused", candidate.name)
        except ProviderFailed as failure:
            _log.warning("%s could not be unloaded: %s", candidate.name, failure)
    return unloaded
