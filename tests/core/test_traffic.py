"""What leaves is counted for the request that it leaves for."""

from contextvars import copy_context

from routerd.core import traffic
from routerd.core.traffic import CURRENT, Traffic


def test_bytes_are_counted_in_the_request_under_way_alone() -> None:
    def one(size: int) -> Traffic:
        counted = Traffic()
        CURRENT.set(counted)
        traffic.count("https://a:443", size)
        traffic.count("https://a:443", 1)
        return counted

    first, second = copy_context().run(one, 10), copy_context().run(one, 20)
    assert (first.bytes_out, second.bytes_out) == (11, 21)
    assert first.servers == {"https://a:443"}


def test_without_a_request_nothing_is_counted() -> None:
    copy_context().run(traffic.count, "https://a:443", 5)
    assert CURRENT.get() is None
