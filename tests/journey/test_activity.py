"""What is being answered, what was, what was refused, and when nothing is taken."""

from contextlib import aclosing

import anyio
import pytest

from routerd.core.candidate import Candidate
from routerd.core.embedding import EmbeddingRequest
from routerd.core.errors import NoCandidate
from routerd.core.request import Message, Request, Text
from routerd.core.response import TextDelta
from routerd.core.status import RecentDecision
from routerd.journey.activity import ASK_AGAIN_S, MOST_DECISIONS, Activity, Paused
from routerd.journey.attempts import Journal
from routerd.journey.embed import embed
from routerd.journey.route import Journey
from routerd.policy.decide import Stance
from tests.fakes.rooms import GOOD, FixedCatalogue, FixedUnderstanding, ListMemory, ScriptedProvider

pytestmark = pytest.mark.anyio
CLOUD, HOME = Candidate("p", "far", "cloud", 3.0), Candidate("p", "near")
REQUEST = Request((Message("user", (Text("hello"),)),))


def journey(
    activity: Activity, provider: ScriptedProvider, *listed: Candidate, **more: bool
) -> Journey:
    return Journey(
        FixedUnderstanding(),
        ListMemory(),
        FixedCatalogue(provider, listed=listed),
        Stance(**more),  # type: ignore[arg-type]  # offline
        activity=activity,
    )


async def take(going: Journey, request: Request = REQUEST) -> None:
    async with aclosing(going.answer(request, Journal())) as chunks:
        async for _ in chunks:
            continue


async def test_a_request_under_way_is_told_with_who_is_asked_and_where() -> None:
    activity, held = Activity(), anyio.Event()
    provider = ScriptedProvider("p", {"far": (TextDelta("a"), held, *GOOD[1:])})
    changed = activity.changed
    async with anyio.create_task_group() as group:
        group.start_soon(take, journey(activity, provider, CLOUD))
        with anyio.fail_after(10):
            await changed.wait()
            while not activity.running:
                await activity.changed.wait()
        (running,) = activity.running
        assert (running.model, running.zone) == ("p/far", "cloud")
        held.set()
    assert activity.running == ()
    (told,) = activity.decisions
    assert (told.id, told.model, told.zone, told.finish) == (
        running.decision,
        "p/far",
        "cloud",
        "stop",
    )


async def test_the_last_ones_are_kept_newest_first_those_of_earlier_runs_behind() -> None:
    activity = Activity()
    going = journey(activity, ScriptedProvider("p", {"near": GOOD}), HOME)
    await take(going)
    first = activity.decisions[0].id
    old = [RecentDecision(f"old{n}", 1.0, "other", "p/near", "device", "") for n in range(5)]
    activity.load(old)
    assert [d.id for d in activity.decisions] == [first, "old0", "old1"]
    for _ in range(MOST_DECISIONS):
        await take(going)
    assert first not in [d.id for d in activity.decisions]


async def test_a_request_that_only_a_cloud_could_answer_is_told_as_refused() -> None:
    activity = Activity()
    going = journey(activity, ScriptedProvider("p", {"far": GOOD}), CLOUD, offline=True)
    with pytest.raises(NoCandidate):
        await take(going)
    told = activity.refused
    assert (told.count, told.host) == (1, "p")
    assert "offline mode is on" in told.reason
    assert told.last_unix_s > 0
    # One that is answered here, or that nobody could answer anyway, tried nothing.
    await take(journey(activity, ScriptedProvider("p", {"near": GOOD}), CLOUD, HOME, offline=True))
    with pytest.raises(NoCandidate):
        await take(journey(activity, ScriptedProvider("p", {})))
    assert activity.refused.count == 1


async def test_while_paused_nothing_new_is_taken_and_the_caller_learns_when_to_ask() -> None:
    now = [100.0]
    activity = Activity(lambda: now[0])
    provider = ScriptedProvider("p", {"near": GOOD})
    going = journey(activity, provider, HOME)
    activity.pause(1800.0)
    assert (activity.paused, activity.paused_left_s) == (True, 1800.0)
    with pytest.raises(Paused, match="paused for another 30 min") as refused:
        await take(going)
    assert (refused.value.status_hint, refused.value.retry_after_s) == (503, 1800.0)
    with pytest.raises(Paused):
        await embed(going, EmbeddingRequest(("text",)))
    assert provider.asked == []
    now[0] += 1800.0
    assert not activity.paused
    await take(going)
    activity.pause(None)
    with pytest.raises(Paused, match="until somebody resumes it") as refused:
        await take(going)
    assert refused.value.retry_after_s == ASK_AGAIN_S
    assert activity.paused_left_s == 0.0
    activity.resume()
    await take(going)
    assert provider.asked == ["p/near", "p/near"]
