from threading import Event, Thread

import anyio
import anyio.lowlevel
import pytest

from routerd.storage.promise import Promise

pytestmark = pytest.mark.anyio


async def test_a_value_kept_on_another_thread_arrives() -> None:
    promise: Promise[int] = Promise()
    thread = Thread(target=promise.keep, args=(42,))
    thread.start()
    with anyio.fail_after(5):
        assert await promise.result() == 42
    thread.join()


async def test_an_error_on_another_thread_is_raised_here() -> None:
    promise: Promise[int] = Promise()
    thread = Thread(target=promise.fail, args=(ValueError("no such row"),))
    thread.start()
    with anyio.fail_after(5), pytest.raises(ValueError, match="no such row"):
        await promise.result()
    thread.join()


async def test_a_cancelled_wait_shows_on_the_other_thread_and_settling_it_does_no_harm() -> None:
    promise: Promise[int] = Promise()
    with anyio.move_on_after(0):
        await promise.result()
    assert promise.abandoned
    promise.keep(1)
    promise.fail(ValueError())
    await anyio.lowlevel.checkpoint()


def test_settling_after_the_loop_has_closed_does_no_harm() -> None:
    async def make() -> Promise[int]:
        return Promise()

    promise = anyio.run(make)
    settled = Event()

    def settle() -> None:
        promise.keep(1)
        settled.set()

    thread = Thread(target=settle)
    thread.start()
    thread.join(5)
    assert settled.is_set()
