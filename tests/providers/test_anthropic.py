"""The Anthropic provider against a fake of its API over a real socket."""

import json
from collections.abc import Iterator

import anyio
import pytest

from routerd.core.candidate import Candidate
from routerd.core.errors import ProviderFailed
from routerd.core.request import Limits, Message, Text, Thinking
from routerd.core.response import Finish, ThinkingDelta, ToolCallDelta, Usage
from routerd.network.outbound import HttpOutbound
from routerd.providers.anthropic import OLD_VERSION, VERSION, AnthropicProvider
from routerd.providers.cloud import Account
from tests.fakes.anthropic_server import MODELS, RETRY_AFTER_S, FakeAnthropic
from tests.fakes.clouds import KEY, PATIENT, TOOL, FixedSecret, answered, asking, gather

pytestmark = pytest.mark.anyio
# By model: what kind of failure, worth a try elsewhere, and words of the message.
FAILURES = {
    "error-400": ("rejected", False, "roles must alternate"),
    "error-long": ("rejected", True, "too long"),
    "error-credit": ("overloaded", True, "credit balance"),
    "error-401": ("credential", True, "invalid x-api-key"),
    "error-403": ("credential", True, "not for your organisation"),
    "error-429": ("overloaded", True, "rate limit"),
    "error-500": ("died", True, "Internal"),
    "error-529": ("overloaded", True, "Overloaded"),
    "broken-overloaded": ("overloaded", True, "Overloaded"),
    "broken-json": ("protocol", True, "broken JSON"),
    "broken-order": ("protocol", True, "not begun"),
    "broken-reset": ("died", True, "reset"),
    "broken-end": ("died", True, "without saying that it was done"),
    "nobody": ("rejected", True, "nobody"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeAnthropic]:
    with FakeAnthropic(KEY) as running:
        yield running


@pytest.fixture
def provider(server: FakeAnthropic, outbound: HttpOutbound) -> AnthropicProvider:
    return AnthropicProvider(Account("claude", server.url), outbound, PATIENT, FixedSecret())


async def test_all_models_are_found_with_their_window_and_what_they_can_do(
    provider: AnthropicProvider,
) -> None:
    status, found = await provider.discover()
    assert status.up
    assert [candidate.model for candidate in found] == list(MODELS)
    first = found[0]
    assert (first.zone, first.context_tokens, first.max_output_tokens) == ("cloud", 200_000, 64_000)
    assert first.capabilities.tools
    assert first.capabilities.vision


@pytest.mark.parametrize("model", sorted(MODELS))
async def test_every_answer_comes_whole_with_its_cached_tokens_counted(
    provider: AnthropicProvider, model: str
) -> None:
    script = MODELS[model]
    answer = await answered(provider, model, asking())
    assert answer.text == "".join(b["text"] for b in script.blocks if b["type"] == "text")
    assert answer.usage == Usage(142, script.output_tokens, 100, 30)
    calls = [b for b in script.blocks if b["type"] == "tool_use"]
    assert [json.loads(call.arguments) for call in answer.tool_calls] == [c["input"] for c in calls]


async def test_a_call_without_arguments_has_an_empty_object(provider: AnthropicProvider) -> None:
    stream = provider.stream(asking(tools=(TOOL,)), Candidate("claude", "claude-caller"))
    chunks = await gather(stream)
    assert ToolCallDelta(1, arguments="{}") in chunks
    assert isinstance(chunks[-1], Finish)
    assert chunks[-1].reason == "tool_calls"


async def test_thinking_comes_with_what_binds_it_to_its_model(provider: AnthropicProvider) -> None:
    chunks = await gather(provider.stream(asking(), Candidate("claude", "claude-thinker")))
    thinking = [chunk for chunk in chunks if isinstance(chunk, ThinkingDelta)]
    assert thinking == [
        ThinkingDelta("Let me see."),
        ThinkingDelta("", "EqQBCgIYAhIM-signed"),
        ThinkingDelta("", "EmwKAhgBEgy-hidden", redacted=True),
    ]


async def test_thinking_of_another_vendor_is_left_out_instead_of_refused(
    server: FakeAnthropic, provider: AnthropicProvider
) -> None:
    talk = (
        Message("user", (Text("a"),)),
        Message("assistant", (Thinking("x", "routerd:gemini:abc"), Thinking("y"), Text("b"))),
        Message("user", (Text("c"),)),
    )
    await answered(provider, "claude-sonnet-5", asking(*talk))
    assert server.calls[-1].data["messages"][1]["content"] == [{"type": "text", "text": "b"}]


async def test_a_client_of_this_dialect_is_passed_on_as_it_wrote(
    server: FakeAnthropic, provider: AnthropicProvider
) -> None:
    said = {
        "model": "auto",
        "max_tokens": 9,
        "temperature": 0.5,
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "hello"}],
        "metadata": {"user_id": "u"},
    }
    raw = json.dumps(said).encode()
    request = asking(
        dialect="anthropic", raw=raw, dialect_headers=(("anthropic-beta", "x-1"), ("cookie", "c"))
    )
    await answered(provider, "claude-sonnet-5", request)
    call = server.calls[-1]
    assert call.data == {**said, "model": "claude-sonnet-5", "stream": True}
    assert call.headers["anthropic-version"] == OLD_VERSION
    assert call.headers["anthropic-beta"] == "x-1"
    assert "cookie" not in call.headers


async def test_requests_of_others_use_the_newest_version(
    server: FakeAnthropic, provider: AnthropicProvider
) -> None:
    await answered(provider, "claude-sonnet-5", asking())
    assert server.calls[-1].headers["anthropic-version"] == VERSION


@pytest.mark.parametrize("model", sorted(FAILURES))
async def test_every_failure_says_what_may_be_done(
    server: FakeAnthropic, outbound: HttpOutbound, model: str
) -> None:
    fresh = AnthropicProvider(Account("claude", server.url), outbound, PATIENT, FixedSecret())
    kind, retryable, words = FAILURES[model]
    with pytest.raises(ProviderFailed) as failed:
        await gather(fresh.stream(asking(), Candidate("claude", model)))
    assert (failed.value.kind, failed.value.retryable) == (kind, retryable)
    assert words in failed.value.message


async def test_after_a_429_nothing_is_sent_for_as_long_as_was_asked_for(
    server: FakeAnthropic, provider: AnthropicProvider
) -> None:
    with pytest.raises(ProviderFailed) as limited:
        await gather(provider.stream(asking(), Candidate("claude", "error-429")))
    assert limited.value.retry_after_s == RETRY_AFTER_S
    sent = len(server.calls)
    with pytest.raises(ProviderFailed, match="left alone") as waiting:
        await gather(provider.stream(asking(), Candidate("claude", "claude-sonnet-5")))
    assert len(server.calls) == sent
    assert waiting.value.kind == "overloaded"
    assert 0 < provider.resting_s <= RETRY_AFTER_S


async def test_closing_the_answer_closes_the_connection_upstream(outbound: HttpOutbound) -> None:
    with FakeAnthropic(KEY) as server:
        account = Account("claude", server.url)
        provider = AnthropicProvider(account, outbound, PATIENT, FixedSecret())
        stream = provider.stream(asking(), Candidate("claude", "broken-hang"))
        assert await anext(stream)
        await stream.aclose()
        assert await anyio.to_thread.run_sync(server.disconnected.wait, 5)


async def test_effort_is_told_to_models_that_adapt(
    server: FakeAnthropic, provider: AnthropicProvider
) -> None:
    await provider.discover()
    for model, expected in (("claude-thinker", "high"), ("claude-sonnet-5", None)):
        await answered(provider, model, asking(effort="high"))
        sent = server.calls[-1].data
        assert sent.get("output_config", {}).get("effort") == expected
        assert sent.get("thinking") == ({"type": "adaptive"} if expected else None)


async def test_no_more_is_asked_for_than_the_model_writes(
    server: FakeAnthropic, provider: AnthropicProvider
) -> None:
    short = Candidate("claude", "claude-sonnet-5", max_output_tokens=100)
    for sent, expected in ((128_000, 100), (7, 7)):
        limits = Limits(max_output_tokens=sent)
        await gather(provider.stream(asking(limits=limits), short))
        assert server.calls[-1].data["max_tokens"] == expected
