"""Works for a client for as long as it is there; what it left is cancelled at once."""

from collections.abc import Awaitable

import anyio
from starlette.types import Receive


async def work(receive: Receive, sending: Awaitable[None]) -> None:
    """Wait for `sending`; cancel it when the client disconnects.

    Raises: ExceptionGroup of what `sending` raises.
    """
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                continue
            group.cancel_scope.cancel()

        group.start_soon(watch)
        await sending
        group.cancel_scope.cancel()
