from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from typing_extensions import override

from routerd.core.candidate import Candidate
from routerd.core.config import Timeouts
from routerd.core.decision import Decision, Exclusion, Ranked, Terms
from routerd.core.errors import NoCandidate, ProviderFailed
from routerd.core.features import Features
from routerd.core.outcome import FailureKind
from routerd.core.request import Message, Request, Text
from routerd.core.response import Chunk, Finish, Progress, TextDelta, ToolCallDelta, Usage
from routerd.core.status import EngineStatus
from routerd.journey.attempts import Attempts, Journal, nobody
from routerd.policy.fallback import MAX_ATTEMPTS, RETRY_ALLOWANCE, RetryBudget
from tests.fakes.rooms import GOOD, FixedCatalogue, ScriptedProvider, Step, in_order

pytestmark = pytest.mark.anyio

TERMS = Terms(0.2, 0.2, 0.2, 0.2, 0.2)
TALK = (Message("user", (Text("hello"),)),)
STREAMED = Request(TALK, wants_stream=True)
WHOLE = Request(TALK, wants_stream=False)
BOTH = pytest.mark.parametrize("request_", [STREAMED, WHOLE], ids=["streamed", "whole"])
QUICK = Timeouts(first_token_s=0.05, whole_answer_s=0.05, idle_s=0.05)
HALF = TextDelta("half an")


def failed(kind: FailureKind = "died", *, retryable: bool = True) -> ProviderFailed:
    return ProviderFailed(f"it {kind}", kind, retryable=retryable)


def _decision(*candidates: Candidate) -> Decision:
    ranked = tuple(Ranked(candidate, TERMS, 0.5, 0.5, 0.0, 1.0) for candidate in candidates)
    return Decision("d1", Features(), ranked, (), TERMS, "balanced")


class Run:
    """One run of attempts over scripted models, best first."""

    def __init__(
        self,
        scripts: dict[str, Sequence[Step]],
        *,
        timeouts: Timeouts = QUICK,
        budget: RetryBudget | None = None,
        listed: Sequence[Candidate] = (),
    ) -> None:
        names: dict[str, dict[str, Sequence[Step]]] = {}
        for name, script in scripts.items():
            provider, _, model = name.partition("/")
            names.setdefault(provider, {})[model] = script
        self.providers = [ScriptedProvider(name, models) for name, models in names.items()]
        self.catalogue = FixedCatalogue(*self.providers)
        self.decision = _decision(*(listed or in_order(*scripts)))
        self.timeouts = timeouts
        self.budget = budget or RetryBudget()
        self.attempts = Attempts(self.catalogue, timeouts, self.budget)
        self.journal = Journal(self.decision)
        self.got: list[Chunk] = []

    def stream(self, request: Request = STREAMED) -> AsyncGenerator[Chunk]:
        return self.attempts.run(request, self.decision, self.journal)

    async def __call__(self, request: Request = STREAMED) -> list[Chunk]:
        with anyio.fail_after(5):
            async with aclosing(self.stream(request)) as chunks:
                async for chunk in chunks:
                    self.got.append(chunk)
        return self.got

    @property
    def tried(self) -> list[tuple[str, str | None]]:
        return [(attempt.model, attempt.failure) for attempt in self.journal.attempts]

    @property
    def asked(self) -> list[str]:
        return [name for provider in self.providers for name in provider.asked]

    @property
    def open(self) -> int:
        return sum(provider.open for provider in self.providers)


@BOTH
async def test_the_first_choice_answers_and_nobody_else_is_asked(request_: Request) -> None:
    run = Run({"a/one": GOOD, "b/two": GOOD})
    assert await run(request_) == list(GOOD)
    assert run.asked == ["a/one"]
    assert run.tried == [("a/one", None)]
    assert run.journal.winner == run.decision.ranked[0]
    assert run.journal.assembler.response("m").text == "Hello there"
    assert run.journal.attempts[0].ttft_s >= 0
    assert (run.budget.requests, run.budget.retries) == (1, 0)


@BOTH
@pytest.mark.parametrize(
    "kind", ["refused", "timeout", "overloaded", "protocol", "died", "credential", "offline"]
)
async def test_a_failure_before_the_first_byte_goes_to_the_next(
    request_: Request, kind: FailureKind
) -> None:
    run = Run({"a/one": [failed(kind)], "b/two": GOOD})
    assert await run(request_) == list(GOOD)
    assert run.tried == [("a/one", kind), ("b/two", None)]
    assert run.journal.attempts[0].error == f"it {kind}"
    assert run.journal.attempts[0].ttft_s == -1.0
    assert run.journal.winner == run.decision.ranked[1]
    assert run.budget.retries == 1


@pytest.mark.parametrize("first", [HALF, ToolCallDelta(0, "1", "edit")])
async def test_after_the_first_byte_a_failure_is_told_and_nobody_else_speaks(first: Chunk) -> None:
    run = Run({"a/one": [first, failed()], "b/two": GOOD})
    with pytest.raises(ProviderFailed, match="it died"):
        await run()
    assert run.got == [first]
    assert run.asked == ["a/one"]
    assert run.journal.winner == run.decision.ranked[0]


async def test_a_request_not_streamed_may_be_retried_in_the_middle() -> None:
    run = Run({"a/one": [HALF, failed()], "b/two": GOOD})
    assert await run(WHOLE) == list(GOOD)
    assert run.tried == [("a/one", "died"), ("b/two", None)]
    assert run.journal.assembler.response("m").text == "Hello there"


@BOTH
async def test_progress_is_passed_on_at_once_and_does_not_bind(request_: Request) -> None:
    loading = Progress("loading one")
    run = Run({"a/one": [loading, failed()], "b/two": GOOD})
    assert await run(request_) == [loading, *GOOD]
    assert run.tried == [("a/one", "died"), ("b/two", None)]


async def test_a_stream_that_ends_without_finish_is_a_failure_never_an_answer() -> None:
    run = Run({"a/one": [TextDelta("looks whole.")], "b/two": GOOD})
    with pytest.raises(ProviderFailed, match="without a finish") as caught:
        await run()
    assert caught.value.kind == "died"
    assert run.asked == ["a/one"]
    with pytest.raises(ValueError, match="not a complete answer"):
        run.journal.assembler.response("m")


@BOTH
async def test_nothing_at_all_is_a_failure_that_another_may_mend(request_: Request) -> None:
    run = Run({"a/one": [], "b/two": GOOD})
    assert await run(request_) == list(GOOD)
    assert run.tried == [("a/one", "died"), ("b/two", None)]


@BOTH
async def test_nothing_is_passed_on_after_finish(request_: Request) -> None:
    run = Run({"a/one": [*GOOD, TextDelta(" and more"), failed()]})
    assert await run(request_) == list(GOOD)
    assert run.tried == [("a/one", None)]
    assert run.open == 0


@BOTH
async def test_a_request_at_fault_itself_is_not_tried_elsewhere(request_: Request) -> None:
    run = Run({"a/one": [failed("rejected", retryable=False)], "b/two": GOOD})
    with pytest.raises(ProviderFailed, match="it rejected"):
        await run(request_)
    assert run.asked == ["a/one"]
    assert run.catalogue.reports == []


async def test_a_server_that_is_gone_takes_its_other_models_along() -> None:
    run = Run({"a/one": [failed("refused")], "a/two": GOOD, "b/three": GOOD})
    await run()
    assert run.asked == ["a/one", "b/three"]


async def test_another_model_of_the_same_server_may_mend_what_one_broke() -> None:
    run = Run({"a/one": [failed("died")], "a/two": GOOD, "b/three": GOOD})
    await run()
    assert run.asked == ["a/one", "a/two"]


async def test_when_all_fail_the_last_failure_is_told() -> None:
    run = Run({"a/one": [failed("refused")], "b/two": [failed("overloaded")]})
    with pytest.raises(ProviderFailed, match="it overloaded"):
        await run()
    assert run.tried == [("a/one", "refused"), ("b/two", "overloaded")]
    assert run.journal.winner is None


async def test_there_is_an_end_to_trying() -> None:
    run = Run({f"p{n}/m": [failed()] for n in range(MAX_ATTEMPTS + 3)})
    with pytest.raises(ProviderFailed):
        await run()
    assert len(run.tried) == MAX_ATTEMPTS


async def test_retries_stop_when_the_daemons_budget_is_spent() -> None:
    budget = RetryBudget(retries=RETRY_ALLOWANCE - 1)
    first = Run({"a/one": [failed()], "b/two": GOOD}, budget=budget)
    await first()
    assert budget.retries == RETRY_ALLOWANCE
    spent = RetryBudget(retries=RETRY_ALLOWANCE + 1)
    second = Run({"a/one": [failed()], "b/two": GOOD}, budget=spent)
    with pytest.raises(ProviderFailed):
        await second()
    assert second.asked == ["a/one"]


@BOTH
async def test_a_first_byte_that_does_not_come_in_time_goes_to_the_next(request_: Request) -> None:
    run = Run({"a/one": [anyio.Event()], "b/two": GOOD})
    assert await run(request_) == list(GOOD)
    assert run.tried == [("a/one", "timeout"), ("b/two", None)]
    assert run.journal.attempts[0].error.startswith("a/one")
    assert run.open == 0


async def test_silence_in_the_middle_of_a_stream_is_told() -> None:
    timeouts = Timeouts(first_token_s=30, idle_s=0.05)
    run = Run({"a/one": [HALF, anyio.Event()], "b/two": GOOD}, timeouts=timeouts)
    with pytest.raises(ProviderFailed, match="sent nothing for 0 s") as caught:
        await run()
    assert caught.value.kind == "timeout"
    assert (run.got, run.asked, run.open) == ([HALF], ["a/one"], 0)


@BOTH
async def test_a_cold_model_has_its_loading_time_on_top(request_: Request) -> None:
    timeouts = Timeouts(first_token_s=0.0, whole_answer_s=0.0)
    cold = Candidate("a", "one", load_s=30.0)
    run = Run({"a/one": [Progress("loading"), *GOOD]}, timeouts=timeouts, listed=[cold])
    assert await run(request_) == [Progress("loading"), *GOOD]


class Babbling(ScriptedProvider):
    """Never comes to an end."""

    @override
    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        self.open += 1
        try:
            while True:
                await anyio.lowlevel.checkpoint()
                yield TextDelta("la")
        finally:
            self.open -= 1


async def test_a_whole_answer_is_bounded_as_a_whole_not_from_piece_to_piece() -> None:
    babbling = Babbling("a", {})
    attempts = Attempts(FixedCatalogue(babbling), QUICK, RetryBudget())
    decision = _decision(*in_order("a/one"))
    with anyio.fail_after(5):
        async with aclosing(attempts.run(WHOLE, decision, Journal(decision))) as chunks:
            with pytest.raises(ProviderFailed, match="a/one did not finish within 0 s") as caught:
                await anext(chunks)
    assert caught.value.kind == "timeout"
    assert babbling.open == 0


async def test_closing_closes_the_provider_and_blames_nobody() -> None:
    run = Run({"a/one": [HALF, anyio.Event()]}, timeouts=Timeouts())
    chunks = run.stream()
    assert await anext(chunks) == HALF
    assert run.open == 1
    await chunks.aclose()
    assert run.open == 0
    assert run.tried == [("a/one", None)]
    assert run.catalogue.reports == []


@BOTH
async def test_cancelling_closes_the_provider_and_blames_nobody(request_: Request) -> None:
    run = Run({"a/one": [anyio.Event()], "b/two": GOOD}, timeouts=Timeouts())
    with anyio.move_on_after(0.05) as scope:
        await run(request_)
    assert scope.cancelled_caught
    assert (run.open, run.asked) == (0, ["a/one"])
    assert run.tried == [("a/one", None)]
    assert run.catalogue.reports == []


async def test_a_crash_of_a_provider_is_neither_retried_nor_hidden() -> None:
    run = Run({"a/one": [KeyError("bug")], "b/two": GOOD})
    with pytest.raises(KeyError, match="bug"):
        await run()
    assert run.asked == ["a/one"]


async def test_results_are_reported_with_their_speed() -> None:
    run = Run({"a/one": [failed()], "b/two": GOOD})
    await run()
    first, second = run.catalogue.reports
    assert (first.model, first.ok, first.ttft_s) == ("a/one", False, -1.0)
    assert (second.model, second.ok) == ("b/two", True)
    assert 0 <= second.ttft_s < 5


@pytest.mark.parametrize(
    ("request_", "candidate"),
    [(WHOLE, Candidate("a", "one", warm=True)), (STREAMED, Candidate("a", "one", load_s=3.0))],
    ids=["a whole answer shows no first token", "a cold model's first token includes loading"],
)
async def test_a_first_token_time_that_means_something_else_is_not_reported(
    request_: Request, candidate: Candidate
) -> None:
    run = Run({"a/one": GOOD}, listed=[candidate])
    await run(request_)
    assert run.catalogue.reports[0].ok
    assert run.catalogue.reports[0].ttft_s == -1.0


@pytest.mark.parametrize(("made", "measured"), [(9, True), (8, False), (-1, False)])
async def test_speed_is_measured_on_answers_long_enough(made: int, measured: bool) -> None:
    slow = anyio.Event()
    script: list[Any] = [TextDelta("x"), slow, Finish("stop", Usage(5, made))]
    run = Run({"a/one": script}, timeouts=Timeouts())
    chunks = run.stream()
    await anext(chunks)
    # A speed needs time to pass; this is how much at least.
    with anyio.move_on_after(0.02):
        await slow.wait()
    slow.set()
    assert [chunk async for chunk in chunks] == [script[-1]]
    assert (run.catalogue.reports[0].tokens_per_s > 0) is measured


async def test_without_a_ranking_nobody_is_asked_and_no_budget_is_used() -> None:
    run = Run({})
    with pytest.raises(NoCandidate, match="No model is available"):
        await run()
    assert run.journal.attempts == []
    assert run.budget.requests == 0


def _excluded(*pairs: tuple[str, str]) -> Decision:
    exclusions = tuple(
        Exclusion(Candidate("p", f"m{n}"), rule, reason) for n, (rule, reason) in enumerate(pairs)
    )
    return Decision("d1", Features(), (), exclusions, TERMS, "balanced")


def test_an_empty_house_says_where_was_looked_and_what_to_do() -> None:
    engines = (
        EngineStatus("ollama", "ollama", "device", "http://127.0.0.1:11434", False, 0, "refused"),
        EngineStatus("llamacpp", "llamacpp", "device", "/models", True, 0),
    )
    error = nobody(_excluded(), engines)
    assert error.status_hint == 503
    for words in (
        "ollama (http://127.0.0.1:11434): refused",
        "llamacpp (/models): no models",
        "routerd pull MODEL",
        "ollama pull",
    ):
        assert words in error.message
    assert "discovery is off" in nobody(_excluded(), ()).message


def test_exclusions_are_told_with_their_reasons_five_at_most() -> None:
    pairs = [("context", f"too small {n}") for n in range(7)]
    error = nobody(_excluded(*pairs), ())
    assert "p/m4: too small 4" in error.message
    assert "too small 5" not in error.message
    assert "and 2 more" in error.message
    assert "routerd why d1" in error.message
    assert "and 0 more" not in nobody(_excluded(*pairs[:5]), ()).message


def test_of_a_pinned_model_its_own_reason_is_told_first() -> None:
    others = [("pinned", "the client asked for p/m6")] * 6
    error = nobody(_excluded(*others, ("context", "too small")), ())
    assert error.message.index("p/m6: too small") < error.message.index("p/m0: the client")


@pytest.mark.parametrize(
    ("rules", "by_policy"),
    [
        (["offline"], True),
        (["offline", "local-only"], True),
        (["offline", "pinned", "plumbing"], True),
        (["offline", "context"], False),
        (["context"], False),
        (["pinned"], False),
        (["circuit"], False),
    ],
)
def test_a_refusal_by_policy_is_told_from_the_state_of_the_world(
    rules: list[str], by_policy: bool
) -> None:
    error = nobody(_excluded(*((rule, "so it is") for rule in rules)), ())
    assert error.refused_by_policy is by_policy
    assert error.status_hint == (403 if by_policy else 503)


async def test_a_model_that_went_to_rest_since_it_was_chosen_is_passed_over() -> None:
    # The server's other models are asked all the same.
    run = Run({"a/one": GOOD, "a/two": GOOD})
    run.catalogue.resting.add("a/one")
    await run()
    assert run.asked == ["a/two"]
    assert run.tried == [("a/one", "overloaded"), ("a/two", None)]
    # Nothing is reported of who was not asked.
    assert [report.model for report in run.catalogue.reports] == ["a/two"]
