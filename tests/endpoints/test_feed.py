import json
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from routerd.core.candidate import Candidate
from routerd.endpoints import feed as feeds
from routerd.endpoints.feed import Feed, TooManyListeners
from tests.endpoints.test_summaries import REQUEST
from tests.fakes import past_tasks

pytestmark = pytest.mark.anyio


def parsed(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for block in data.decode().split("\n\n")[:-1]:
        kind, line = block.split("\n")
        found.append((kind.removeprefix("event: "), json.loads(line.removeprefix("data: "))))
    return found


async def test_events_arrive_in_order_with_their_time() -> None:
    feed = Feed(clock_s=lambda: 7.0)
    async with aclosing(feed.listen(b"first")) as events:
        assert await anext(events) == b"first"
        feed.tell("mode", {"offline": True})
        feed.tell("engine", {"name": "ollama", "up": False})
        assert parsed(await anext(events)) == [
            ("mode", {"unix_s": 7.0, "offline": True}),
            ("engine", {"unix_s": 7.0, "name": "ollama", "up": False}),
        ]
    assert feed.listeners == 0


async def test_a_request_is_told_from_decision_to_outcome() -> None:
    feed = Feed()
    decision = past_tasks.decision("d1")
    async with aclosing(feed.listen()) as events:
        await anext(events)
        feed.decided(REQUEST, decision)
        feed.attempting("d1", Candidate("ollama", "small:3b"), 1)
        feed.answered(REQUEST, decision, past_tasks.outcome("d1"))
        told = parsed(await anext(events))
    assert [kind for kind, _ in told] == ["decision", "attempt", "outcome"]
    assert told[0][1]["id"] == told[1][1]["decision"] == told[2][1]["id"] == "d1"
    assert told[2][1]["finish"] == "stop"


async def test_a_listener_that_is_too_slow_loses_the_oldest_and_is_told() -> None:
    feed = Feed(most_waiting=3)
    async with aclosing(feed.listen()) as events:
        await anext(events)
        for number in range(10):
            feed.tell("mode", {"number": number})
        told = parsed(await anext(events))
        assert told[0] == ("missed", {"count": 7})
        assert [facts["number"] for _, facts in told[1:]] == [7, 8, 9]
        feed.tell("mode", {"number": 10})
        assert [kind for kind, _ in parsed(await anext(events))] == ["mode"]


async def test_nothing_is_built_where_nobody_listens() -> None:
    unreadable: Any = None
    feed = Feed()
    feed.decided(unreadable, unreadable)
    feed.attempting("d1", unreadable, 1)
    feed.answered(unreadable, past_tasks.decision("d1"), unreadable)
    feed.tell("mode", {"not": object()})


async def test_silence_is_broken_by_a_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "HEARTBEAT_S", 0.001)
    async with aclosing(Feed().listen()) as events:
        assert await anext(events) == feeds.HEARTBEAT
        with anyio.fail_after(5):
            assert await anext(events) == feeds.HEARTBEAT


async def test_a_closed_feed_ends_every_stream() -> None:
    feed = Feed()
    async with aclosing(feed.listen()) as events:
        await anext(events)
        feed.tell("mode", {})
        feed.close()
        with anyio.fail_after(5):
            assert [kind async for data in events for kind, _ in parsed(data)] == ["mode"]


async def test_the_number_of_listeners_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MOST_LISTENERS", 1)
    feed = Feed()
    async with aclosing(feed.listen()) as events:
        await anext(events)
        with pytest.raises(TooManyListeners):
            feed.listen()


async def test_a_line_break_in_a_name_can_not_forge_an_event() -> None:
    (told,) = parsed(feeds.encode("mode", {"by": "x\n\nevent: outcome\ndata: {}"}))
    assert told == ("mode", {"by": "x\n\nevent: outcome\ndata: {}"})
