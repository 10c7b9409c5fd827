from typing import Any

import anyio
import pytest

from routerd.endpoints import while_there

pytestmark = pytest.mark.anyio


class Client:
    """Sends the rest of its request, then nothing until it leaves."""

    def __init__(self) -> None:
        self.waiting = ["http.request", "http.request"]
        self.left = anyio.Event()

    async def receive(self) -> Any:
        if self.waiting:
            return {"type": self.waiting.pop()}
        await self.left.wait()
        return {"type": "http.disconnect"}


class Work:
    """Sends one thing at once and another when told; `stopped` when it was cancelled between."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.goes_on = anyio.Event()
        self.stopped = False

    async def send(self) -> None:
        self.sent.append("first")
        try:
            await self.goes_on.wait()
        except anyio.get_cancelled_exc_class():
            self.stopped = True
            raise
        self.sent.append("last")


async def test_work_ends_by_itself_while_the_client_waits() -> None:
    client, work = Client(), Work()
    work.goes_on.set()
    with anyio.fail_after(5):
        await while_there.work(client.receive, work.send())
    assert work.sent == ["first", "last"]
    assert not work.stopped


async def test_a_client_that_leaves_stops_the_work_and_nobody_else() -> None:
    client, work = Client(), Work()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(while_there.work, client.receive, work.send())
            await anyio.wait_all_tasks_blocked()
            assert work.sent == ["first"], "more of the request is no reason to stop"
            client.left.set()
        await anyio.lowlevel.checkpoint()
    assert work.stopped
    assert work.sent == ["first"]


async def test_what_the_work_raises_comes_out() -> None:
    async def fails() -> None:
        raise OSError("disk full")

    with anyio.fail_after(5), pytest.raises(ExceptionGroup) as raised:
        await while_there.work(Client().receive, fails())
    assert raised.group_contains(OSError, match="disk full")
