"""A budget is never exceeded, however many calls are under way and however they end."""

from dataclasses import dataclass, field
from functools import partial

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routerd.core.candidate import Candidate, Price
from routerd.core.errors import NoCandidate, ProviderFailed
from routerd.core.policy import Budget, Policy
from routerd.core.ports import Provider
from routerd.core.request import Limits, Message, Request, Text
from routerd.core.response import Finish, TextDelta, Usage
from routerd.journey.attempts import Journal
from routerd.journey.paying import Paying
from routerd.journey.permit import Permit
from routerd.journey.route import Journey
from routerd.journey.spending import Spending
from routerd.policy.decide import Stance
from tests.fakes.rooms import FixedCatalogue, FixedUnderstanding, ListMemory, ScriptedProvider, Step

PRICE = Price(2.0, 0.2, 10.0)
BOUND = 1000
ENDINGS = ("good", "long", "refused", "overloaded", "died at once", "died late", "timeout")


def script(ending: str, go: anyio.Event) -> tuple[Step, ...]:
    """Return what a backend does once it is told to; "long" uses up all that was allowed."""
    return {
        "good": (go, TextDelta("yes"), Finish("stop", Usage(1, 5))),
        "long": (go, TextDelta("yes"), Finish("length", Usage(1, BOUND))),
        "refused": (go, ProviderFailed("refused", "refused")),
        "overloaded": (go, ProviderFailed("full", "overloaded")),
        "died at once": (go, ProviderFailed("died", "died")),
        "died late": (go, TextDelta("ye"), ProviderFailed("died", "died")),
        "timeout": (go, ProviderFailed("late", "timeout")),
    }[ending]


@dataclass
class Bank:
    """What clouds would charge: every attempt that they did anything for, at its dearest."""

    usd: float = 0.0
    calls: int = 0
    most: float = 0.0
    failed: list[str] = field(default_factory=list)

    def charge(self, ending: str) -> None:
        tokens = {"good": 5, "long": BOUND, "died at once": 300, "died late": 300, "timeout": BOUND}
        self.calls += 1
        if ending in tokens:
            self.usd += (PRICE.input + tokens[ending] * PRICE.output) / 1e6


class Charging(ScriptedProvider):
    """A cloud whose endings are drawn one after another, whichever model is asked."""

    def __init__(self, name: str, bank: Bank, endings: list[str], go: anyio.Event) -> None:
        super().__init__(name, {})
        self.bank, self.endings, self.go = bank, endings, go

    def stream(self, request, candidate):  # type: ignore[no-untyped-def]
        ending = self.endings.pop() if self.endings else "good"
        self.bank.charge(ending)
        self.scripts = {**self.scripts, candidate.model: script(ending, self.go)}
        return super().stream(request, candidate)


async def flood(endings: list[str], limit_usd: float, calls: int) -> Bank:
    """Make all calls at once against one budget; return what they cost."""
    bank, go = Bank(), anyio.Event()
    clouds = [Charging(name, bank, endings, go) for name in ("a", "b", "c")]
    listed = tuple(Candidate(c.name, "m", "cloud", warm=True, price=PRICE) for c in clouds)
    policy = Policy(budget=(Budget("day", limit_usd, "day"),))
    spending = Spending(day=lambda: "2026-11-27")
    journey = Journey(
        FixedUnderstanding(),
        ListMemory(),
        FixedCatalogue(*clouds, listed=listed),
        Stance(),
        permit=Permit(policy, spending=spending),
    )

    async def call(number: int) -> None:
        request = Request(
            (Message("user", (Text(f"call {number}"),)),),
            limits=Limits(max_output_tokens=BOUND),
            wants_stream=True,
        )
        try:
            async for _ in journey.answer(request, Journal()):
                pass
        except (ProviderFailed, NoCandidate) as error:
            bank.failed.append(type(error).__name__)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for number in range(calls):
                group.start_soon(partial(call, number))
            await anyio.wait_all_tasks_blocked()
            bank.most = sum(entry.usd for entry in spending.entries("2026-11-27"))
            go.set()
    return bank


@given(
    endings=st.lists(st.sampled_from(ENDINGS), min_size=50, max_size=150),
    limit_usd=st.floats(0.0, 0.6),
)
@settings(max_examples=12)
def test_fifty_calls_at_once_never_cost_more_than_the_budget(
    endings: list[str], limit_usd: float
) -> None:
    bank = anyio.run(flood, endings, limit_usd, 50)
    assert bank.usd <= limit_usd + 1e-9
    assert bank.most <= limit_usd + 1e-9, "what is under way is within the limit, too"


def test_what_fits_is_made_and_the_rest_is_refused_before_it_is_called() -> None:
    each = (PRICE.input + BOUND * PRICE.output) / 1e6
    bank = anyio.run(flood, ["long"] * 200, 10.5 * each, 50)
    assert bank.calls == 10
    assert bank.failed == ["NoCandidate"] * 40
    assert bank.usd == pytest.approx(10 * each)


class Asked:
    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.seen: list[str] = []

    def __call__(self, candidate: Candidate) -> bool:
        self.seen.append(candidate.name)
        return self.answers.pop(0)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("ending", "asked"),
    [("refused", False), ("overloaded", False), ("died at once", True), ("good", True)],
)
async def test_only_what_follows_a_call_that_may_cost_something_is_asked_for_its_price(
    ending: str, asked: bool
) -> None:
    go = anyio.Event()
    go.set()
    inner: Provider = Charging("a", Bank(), ["good", ending], go)
    afford = Asked(False)
    catalogue = Paying(FixedCatalogue(inner), afford)
    candidate = Candidate("a", "m", "cloud", price=PRICE)
    request = Request((Message("user", (Text("x"),)),))

    async def once() -> str:
        try:
            return str([c async for c in catalogue.provider("a").stream(request, candidate)][-1])
        except ProviderFailed as error:
            return error.message

    await once()
    second = await once()
    assert ("no room" in second) is asked
    assert afford.seen == (["a/m"] if asked else [])
