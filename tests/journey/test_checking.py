"""What is held back, what goes up a rung, and what is given after all."""

from collections.abc import Sequence
from typing import Any

import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.request import Message, Request, Text, Tool
from routerd.core.response import Chunk, Finish, Native, Progress, TextDelta, ToolCallDelta
from routerd.core.session import Hold
from routerd.journey.attempts import Attempts
from routerd.journey.checking import AnswerUnsound, Check
from routerd.policy.fallback import MAX_ATTEMPTS, MAX_RISES, RetryBudget
from routerd.verification.verifier import AnswerVerifier
from tests.fakes.rooms import Step, in_order
from tests.journey.test_attempts import Run, _decision

pytestmark = pytest.mark.anyio

TALK = (Message("user", (Text("hello"),)),)
RUN = Tool("run", "", {"properties": {"n": {"type": "integer"}}, "required": ["n"]})
STREAMED = Request(TALK, tools=(RUN,), wants_stream=True)
WHOLE = Request(TALK, tools=(RUN,))
BOTH = pytest.mark.parametrize("request_", [STREAMED, WHOLE], ids=["streamed", "whole"])


def calling(arguments: str) -> list[Step]:
    half = len(arguments) // 2
    return [
        ToolCallDelta(0, "1", "run", arguments[:half]),
        ToolCallDelta(0, arguments=arguments[half:]),
        Finish("tool_calls"),
    ]


GOOD, BAD = calling('{"n": 1}'), calling('{"n": "one"}')


class Checked(Run):
    """A run with the real verifier; the models are ranked from the weakest up."""

    def __init__(
        self, scripts: dict[str, Sequence[Step]], hold: Hold | None = None, **more: Any
    ) -> None:
        super().__init__(scripts, **more)
        names = in_order(*scripts)
        made = _decision(*names)
        ranked = [
            entry.__class__(entry.candidate, entry.terms, 0.5, 0.5 + 0.1 * place, 0.0, 1.0)
            for place, entry in enumerate(made.ranked)
        ]
        self.decision = made.__class__(
            "d1", made.features, tuple(ranked), (), made.weights, "balanced", hold=hold or Hold()
        )
        self.attempts = Attempts(self.catalogue, self.timeouts, self.budget, AnswerVerifier())


def _text(chunks: Sequence[Chunk]) -> str:
    return "".join(c.arguments for c in chunks if isinstance(c, ToolCallDelta))


@BOTH
async def test_a_call_that_breaks_its_schema_goes_up_one_rung(request_: Request) -> None:
    run = Checked({"p/one": BAD, "p/two": GOOD})
    assert _text(await run(request_)) == '{"n": 1}'
    assert run.tried == [("p/one", "unverified"), ("p/two", None)]
    assert "properties/n/type" in run.journal.attempts[0].error
    assert (run.budget.rises, run.budget.retries) == (1, 1)
    # A poor answer is no fault of the line: the circuit must not open for it.
    assert [report.ok for report in run.catalogue.reports] == [True, True]


@BOTH
async def test_rising_is_bounded_and_the_last_answer_is_given_with_its_faults(
    request_: Request,
) -> None:
    run = Checked({f"p/{n}": BAD for n in ("one", "two", "three", "four")})
    assert _text(await run(request_)) == '{"n": "one"}'
    assert [failure for _, failure in run.tried] == ["unverified"] * MAX_RISES + [None]
    assert run.journal.attempts[-1].faults
    assert run.budget.rises == MAX_RISES


@BOTH
async def test_where_the_higher_rung_fails_the_first_answer_is_given_after_all(
    request_: Request,
) -> None:
    run = Checked({"p/one": BAD, "p/two": [ProviderFailed("gone", "died")]})
    assert _text(await run(request_)) == '{"n": "one"}'
    assert run.tried == [("p/one", "unverified"), ("p/two", "died")]
    assert run.journal.winner is not None
    assert run.journal.winner.candidate.name == "p/one"
    assert run.journal.assembler.finish is not None


@BOTH
async def test_the_best_model_answers_with_faults_when_nobody_is_better(request_: Request) -> None:
    run = Checked({"p/one": BAD})
    assert _text(await run(request_)) == '{"n": "one"}'
    assert run.tried == [("p/one", None)]
    assert run.journal.attempts[0].faults


@BOTH
async def test_a_conversation_that_must_not_change_hands_does_not_rise(request_: Request) -> None:
    run = Checked({"p/one": BAD, "p/two": GOOD}, Hold("kept", bound=True))
    assert _text(await run(request_)) == '{"n": "one"}'
    assert run.tried == [("p/one", None)]


@BOTH
async def test_without_budget_an_answer_passes_as_it_is(request_: Request) -> None:
    spent = RetryBudget(requests=0, retries=1000)
    run = Checked({"p/one": BAD, "p/two": GOOD}, budget=spent)
    assert _text(await run(request_)) == '{"n": "one"}'


async def test_words_that_have_gone_out_are_never_taken_back() -> None:
    run = Checked({"p/one": [TextDelta("I will call it"), *BAD], "p/two": GOOD})
    got = await run(STREAMED)
    assert got[0] == TextDelta("I will call it")
    assert _text(got) == '{"n": "one"}'
    assert run.tried == [("p/one", None)]


async def test_a_whole_answer_whose_code_does_not_parse_goes_up_one_rung() -> None:
    broken = [TextDelta("```python\ndef f(:\n    pass\n```"), Finish("stop")]
    sound = [TextDelta("```python\ndef f():\n    pass\n```"), Finish("stop")]
    run = Checked({"p/one": broken, "p/two": sound})
    await run(WHOLE)
    assert run.tried == [("p/one", "unverified"), ("p/two", None)]
    assert (run.journal.attempts[1].checked, run.journal.attempts[1].faults) == (1, ())


async def test_held_tool_calls_come_out_complete_and_in_order() -> None:
    run = Checked({"p/one": [TextDelta("a"), *GOOD], "p/two": GOOD})
    assert await run(STREAMED) == [TextDelta("a"), *GOOD]


async def test_a_stream_that_breaks_off_inside_a_tool_call_can_still_be_asked_elsewhere() -> None:
    died = ProviderFailed("gone", "died")
    run = Checked({"p/one": [*GOOD[:1], died], "p/two": GOOD})
    assert await run(STREAMED) == GOOD
    assert run.tried == [("p/one", "died"), ("p/two", None)]


async def test_progress_is_never_held() -> None:
    run = Checked({"p/one": [Progress("loading"), *GOOD], "p/two": GOOD})
    assert (await run(STREAMED))[0] == Progress("loading")


async def test_a_backend_that_says_when_to_come_back_is_asked_again_then() -> None:
    busy = ProviderFailed("busy", "overloaded", retry_after_s=0.01)
    run = Checked({"p/one": [busy], "p/two": GOOD})
    assert await run(STREAMED) == GOOD
    assert run.tried == [("p/one", "overloaded"), ("p/one", "overloaded"), ("p/two", None)]
    assert run.catalogue.reports[0].rest_s == 0.01


async def test_an_unsound_answer_is_a_failure_of_quality_with_all_its_chunks() -> None:
    async def chunks() -> Any:
        for step in BAD:
            yield step

    check = Check(STREAMED, "p/one", AnswerVerifier(), may_rise=True)
    with pytest.raises(AnswerUnsound) as told:
        async for _ in check.run(chunks()):
            pass
    assert told.value.kind == "unverified"
    assert list(told.value.held) == BAD


async def test_alone_a_backend_is_waited_for_until_the_attempts_are_spent() -> None:
    busy = ProviderFailed("busy", "overloaded", retry_after_s=0.01)
    run = Checked({"p/one": [busy]})
    with pytest.raises(ProviderFailed, match="busy"):
        await run(STREAMED)
    assert run.tried == [("p/one", "overloaded")] * MAX_ATTEMPTS


async def test_a_backends_own_bytes_wait_with_the_call_that_they_say() -> None:
    def native(steps: list[Step]) -> list[Step]:
        return [s for n, step in enumerate(steps) for s in (Native(b"%d" % n), step)]

    run = Checked({"p/one": native(BAD), "p/two": native(GOOD)})
    chunks = await run(STREAMED)
    assert [c.data for c in chunks if isinstance(c, Native)] == [b"0", b"1", b"2"]
    assert _text(chunks) == '{"n": 1}'
