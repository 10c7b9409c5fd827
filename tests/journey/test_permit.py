"""The policy on the way of a request: rules, screening, masks, approval and budgets."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from routerd.core.candidate import Candidate, Price, Zone
from routerd.core.errors import NoCandidate
from routerd.core.policy import Budget, Condition, Finding, Policy, Rule, Screening, Verdict
from routerd.core.request import Limits, Message, Request, Text, ToolResult
from routerd.core.response import Finish, TextDelta, Usage
from routerd.journey.attempts import Journal
from routerd.journey.permit import Approvals, Permit
from routerd.journey.route import Journey
from routerd.journey.spending import Spending
from routerd.policy.budgets import Spent
from routerd.policy.decide import Stance
from routerd.policy.masking import placeholder
from tests.fakes.rooms import FixedCatalogue, FixedUnderstanding, ListMemory, ScriptedProvider

pytestmark = pytest.mark.anyio
KEY = "ghp_thisIsNoRealKey0123456789abcdefghijk"
TEXT = f"deploy with {KEY} now"
FOUND = Finding("secret", "github-pat", 0, 0, 12, 12 + len(KEY), "ab" * 16)
WORD = placeholder(FOUND)
GOOD = (TextDelta("fine"), Finish("stop", Usage(10, 5)))


@dataclass
class OneFinding:
    """Finds the key and counts how often it is asked."""

    asked: int = 0
    finding: Finding = FOUND

    async def find(self, request: Request) -> tuple[Finding, ...]:
        self.asked += 1
        text = request.messages[0].text
        return (self.finding,) if KEY in text else ()


def candidate(name: str, zone: Zone, ability: float, price: float = 0.0) -> Candidate:
    provider, model = name.split("/")
    return Candidate(provider, model, zone, ability, warm=True, price=Price(price, price, price))


HERE, AWAY = candidate("home/small", "device", 1.0), candidate("cloud/big", "cloud", 6.0, 1.0)


@dataclass
class House:
    """Two scripted models, one here and one in the cloud, under a policy."""

    policy: Policy = Policy()  # noqa: RUF009  # frozen
    listed: tuple[Candidate, ...] = (HERE, AWAY)
    answer: tuple[Any, ...] = GOOD
    screener: OneFinding = field(default_factory=OneFinding)
    spending: Spending = field(default_factory=lambda: Spending(day=lambda: "2026-11-27"))

    def __post_init__(self) -> None:
        self.home = ScriptedProvider("home", {"small": self.answer})
        self.cloud = ScriptedProvider("cloud", {"big": self.answer})
        catalogue = FixedCatalogue(self.home, self.cloud, listed=self.listed)
        self.permit = Permit(self.policy, self.screener, self.spending, Approvals())
        self.journey = Journey(
            FixedUnderstanding(), ListMemory(), catalogue, Stance(), permit=self.permit
        )

    async def ask(self, text: str = TEXT, **more: Any) -> str:
        request = Request((Message("user", (Text(text),)),), wants_stream=True, raw=b"raw", **more)
        journal = Journal()
        generator: AsyncGenerator[Any] = self.journey.answer(request, journal)
        async with aclosing(generator) as chunks:
            async for _ in chunks:
                continue
        return journal.assembler.text


def screened(verdict: Verdict) -> Policy:
    return Policy(screening=Screening(verdict))


async def test_what_stays_on_this_machine_is_not_searched() -> None:
    house = House(listed=(HERE,))
    await house.ask()
    assert house.screener.asked == 0
    assert house.home.asked == ["home/small"]


async def test_a_secret_keeps_the_request_here_and_a_clean_one_may_leave() -> None:
    house = House(screened("stay-local"))
    await house.ask()
    assert (house.home.asked, house.cloud.asked) == (["home/small"], [])
    await house.ask("nothing to hide")
    assert house.cloud.asked == ["cloud/big"]


async def test_the_decision_tells_what_was_found_and_never_the_text() -> None:
    house = House(screened("stay-local"))
    decision = await house.journey.decide(Request((Message("user", (Text(TEXT),)),)))
    assert decision.screened == "stay-local"
    assert decision.findings == (FOUND,)
    assert decision.features.sensitivity == ("secret",)
    (exclusion,) = decision.exclusions
    assert exclusion.rule == "screening"
    assert "github-pat in the request and the policy says stay-local" in exclusion.reason
    assert KEY not in repr(decision)


async def test_masked_it_leaves_without_the_secret_and_comes_back_with_it() -> None:
    pieces = [TextDelta(piece) for piece in ("put ", WORD[:9], WORD[9:], " there")]
    house = House(screened("mask"), answer=(*pieces, Finish("stop")))
    assert await house.ask() == f"put {KEY} there"
    (sent,) = house.cloud.requests
    assert KEY not in str(sent.messages)
    assert WORD in sent.messages[0].text
    assert sent.raw == b""


async def test_a_mask_is_only_for_those_beyond_this_machine() -> None:
    strong_here = replace(HERE, ability=9.0)
    house = House(screened("mask"), listed=(strong_here, replace(AWAY, ability=8.9)))
    await house.ask()
    (sent,) = house.home.requests
    assert sent.messages[0].text == TEXT
    assert sent.raw == b"raw"


@pytest.mark.parametrize("verdict", ["block", "ask"])
async def test_stopped_it_goes_nowhere_when_it_would_have_left(verdict: Verdict) -> None:
    house = House(screened(verdict))
    with pytest.raises(NoCandidate, match=f"policy says {verdict}") as caught:
        await house.ask()
    assert caught.value.refused_by_policy
    assert (house.home.asked, house.cloud.asked) == ([], [])


async def test_it_is_not_stopped_where_the_first_choice_is_here() -> None:
    house = House(screened("block"), listed=(replace(HERE, ability=9.0), AWAY))
    await house.ask()
    assert house.home.asked == ["home/small"]


async def test_after_approval_it_leaves_masked_for_a_while() -> None:
    house = House(screened("ask"))
    with pytest.raises(NoCandidate) as caught:
        await house.ask()
    code = str(caught.value).partition("policy approve ")[2][:10]
    assert not house.permit.approvals.approve("0000000000", 60)
    assert house.permit.approvals.approve(code, 60)
    assert not house.permit.approvals.approve(code, 60), "a code is used once"
    await house.ask()
    (sent,) = house.cloud.requests
    assert KEY not in sent.messages[0].text


def test_an_approval_ends() -> None:
    time_s = 0.0
    approvals = Approvals(lambda: time_s)
    approvals.approve(approvals.ask([FOUND]), 60)
    assert approvals.holds([FOUND])
    time_s = 61.0
    assert not approvals.holds([FOUND])
    assert not approvals.holds([FOUND, replace(FOUND, digest="cd" * 16)])


async def test_a_rule_on_sensitivity_applies_to_what_was_found() -> None:
    rule = Rule("keys", when=Condition(sensitivity=("secret",)), allow_zones=("device",))
    house = House(Policy(rule=(rule,), screening=Screening("allow")))
    decision = await house.journey.decide(Request((Message("user", (Text(TEXT),)),)))
    assert decision.policy_rules == ("keys",)
    assert [e.rule for e in decision.exclusions] == ["policy"]
    assert decision.chosen is not None
    assert decision.chosen.candidate.name == "home/small"


async def test_rules_look_at_paths_workspace_and_client() -> None:
    rule = Rule(
        "billing",
        when=Condition(path=("src/billing/**",), workspace=("shop",), client=("cursor*",)),
        allow_zones=("device",),
    )
    house = House(Policy(rule=(rule,)))
    told = {"workspace": "/home/me/shop", "client": "cursor/1.0"}
    await house.ask("fix src/billing/tax.py", **told)
    assert house.home.asked == ["home/small"]
    await house.ask("fix src/blog/post.py", **told)
    assert house.cloud.asked == ["cloud/big"]


async def test_a_floor_and_a_pin_of_the_policy_are_in_force() -> None:
    house = House(Policy(rule=(Rule("pin", pin="home/*", floor=1.0),)))
    decision = await house.journey.decide(Request((Message("user", (Text("x"),)),)))
    assert [entry.candidate.name for entry in decision.ranked] == ["home/small"]
    assert decision.exclusions[0].reason == "policy rule pin: only home/* may answer"


async def test_an_empty_budget_finishes_here() -> None:
    house = House(Policy(budget=(Budget("day", 1.0, "day"),)))
    house.spending.load([Spent("2026-11-27", "", "", 1.0)])
    await house.ask("hello")
    assert house.home.asked == ["home/small"]
    decision = await house.journey.decide(Request((Message("user", (Text("hello"),)),)))
    assert "budget day has $0.0000 left" in decision.exclusions[0].reason


async def test_what_is_in_flight_counts_before_the_next_call() -> None:
    house = House(Policy(budget=(Budget("day", 0.0015, "day"),)))
    request = Request((Message("user", (Text("hello"),)),), limits=Limits(max_output_tokens=1000))
    first = await house.journey.decide(request)
    assert first.chosen is not None
    assert first.chosen.candidate.name == "cloud/big"
    house.spending.reserve(first, request)
    second = await house.journey.decide(request)
    assert second.chosen is not None
    assert second.chosen.candidate.name == "home/small"


async def test_tool_results_are_masked_too() -> None:
    screener = OneFinding(finding=replace(FOUND, message=1))
    house = House(screened("mask"), screener=screener)
    messages = (Message("user", (Text(KEY),)), Message("tool", (ToolResult("1", TEXT),)))
    request = Request(messages, wants_stream=True)
    journal = Journal()
    async with aclosing(house.journey.answer(request, journal)) as chunks:
        async for _ in chunks:
            continue
    (sent,) = house.cloud.requests
    assert sent.messages[1].parts == (ToolResult("1", TEXT.replace(KEY, WORD)),)


async def test_a_budget_can_not_be_kept_with_a_price_that_nobody_knows() -> None:
    house = House(
        Policy(budget=(Budget("day", 100.0, "day"),)), (HERE, replace(AWAY, price=Price()))
    )
    decision = await house.journey.decide(Request((Message("user", (Text("hello"),)),)))
    assert [e.rule for e in decision.exclusions] == ["budget"]
    assert "its price is not known" in decision.exclusions[0].reason
