"""The OpenAI provider against a fake of its API over a real socket."""

import json
from collections.abc import Iterator

import pytest

from routerd.core.candidate import Candidate
from routerd.core.errors import ProviderFailed
from routerd.core.request import Limits, Message, Text, Thinking, ToolCall, ToolResult
from routerd.core.response import ThinkingDelta, Usage
from routerd.network.outbound import HttpOutbound
from routerd.providers.cloud import Account
from routerd.providers.openai import OpenAIProvider, prepare
from tests.fakes.clouds import KEY, PATIENT, TOOL, FixedSecret, answered, asking, gather
from tests.fakes.openai_responses import CHAT_MODELS, MODELS, RETRY_AFTER_S, FakeOpenAICloud

pytestmark = pytest.mark.anyio
ENDS = {
    "gpt-5.1": "stop",
    "gpt-5.1-codex": "tool_calls",
    "o4-mini": "length",
    "o3": "content_filter",
}
# By model: what kind of failure, worth a try elsewhere, and words of the message.
FAILURES = {
    "gpt-5-error-long": ("rejected", True, "context window"),
    "gpt-5-error-quota": ("overloaded", True, "quota"),
    "gpt-5-error-429": ("overloaded", True, "Rate limit"),
    "gpt-5-error-500": ("died", True, "server had an error"),
    "gpt-5-broken-failed": ("died", True, "The model failed"),
    "gpt-5-broken-error": ("overloaded", True, "slow down"),
    "gpt-5-broken-end": ("died", True, "without saying that it was done"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOpenAICloud]:
    with FakeOpenAICloud(KEY) as running:
        yield running


@pytest.fixture
def provider(server: FakeOpenAICloud, outbound: HttpOutbound) -> OpenAIProvider:
    account = Account("openai", f"{server.url}/v1")
    return OpenAIProvider(account, outbound, PATIENT, FixedSecret())


async def test_only_models_that_write_text_are_found(provider: OpenAIProvider) -> None:
    _, found = await provider.discover()
    chats = [c.model for c in found if not c.capabilities.embeddings]
    assert chats == [*MODELS, *CHAT_MODELS]
    assert [c.model for c in found if c.capabilities.embeddings] == ["text-embedding-3-small"]
    thinking = [c.model for c in found if c.capabilities.thinking]
    assert thinking == list(MODELS)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", sorted(MODELS))
async def test_reasoning_models_answer_by_responses(
    server: FakeOpenAICloud, provider: OpenAIProvider, model: str, stream: bool
) -> None:
    limits = Limits(99, 0.2, 0.9, 1, ("x",))
    answer = await answered(provider, model, asking(wants_stream=stream, limits=limits))
    assert server.calls[-1].path == "/v1/responses"
    assert answer.usage == Usage(30, 11, 16, reasoning_tokens=4)
    assert answer.finish == ENDS[model]
    calls = [(call.id, call.name, json.loads(call.arguments)) for call in answer.tool_calls]
    items = MODELS[model].items
    assert calls == [
        (i["call_id"], i["name"], json.loads(i["arguments"]))
        for i in items
        if i["type"] == "function_call"
    ]
    texts = [i["content"][0]["text"] for i in items if i["type"] == "message"]
    assert answer.text == "".join(texts)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", sorted(CHAT_MODELS))
async def test_the_others_answer_by_chat(
    server: FakeOpenAICloud, provider: OpenAIProvider, model: str, stream: bool
) -> None:
    answer = await answered(provider, model, asking(wants_stream=stream))
    assert server.calls[-1].path == "/v1/chat/completions"
    assert answer.usage.cached_tokens == 3
    assert bool(answer.tool_calls) == bool(CHAT_MODELS[model].tool_calls)


async def test_reasoning_goes_back_encrypted_before_what_it_led_to(
    server: FakeOpenAICloud, provider: OpenAIProvider
) -> None:
    stream = provider.stream(asking(tools=(TOOL,)), Candidate("openai", "gpt-5.1-codex"))
    signed = [c for c in await gather(stream) if isinstance(c, ThinkingDelta) and c.signature]
    talk = (
        Message("user", (Text("a"),)),
        Message(
            "assistant",
            (Thinking("", signed[0].signature), Thinking("b", "EqQB"), ToolCall("c", "edit", "{}")),
        ),
        Message("tool", (ToolResult("c", "done"),)),
    )
    await answered(provider, "gpt-5.1", asking(*talk))
    sent = server.calls[-1].data
    assert [item["type"] for item in sent["input"]] == [
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
    ]
    assert sent["input"][1]["encrypted_content"] == "gAAAA-encrypted"
    assert sent["store"] is False
    assert sent["include"] == ["reasoning.encrypted_content"]


async def test_a_client_of_chat_is_passed_on_as_it_wrote_in_words_the_model_knows(
    server: FakeOpenAICloud, provider: OpenAIProvider
) -> None:
    said = {"model": "auto", "max_tokens": 5, "stop": ["x"], "messages": [], "user": "u"}
    request = asking(dialect="openai", raw=json.dumps(said).encode(), wants_stream=False)
    await answered(provider, "gpt-5.1", request)
    call = server.calls[-1]
    assert call.path == "/v1/chat/completions"
    assert call.data == {
        "model": "gpt-5.1",
        "max_completion_tokens": 5,
        "messages": [],
        "user": "u",
    }


async def test_a_client_of_responses_is_passed_on_as_it_wrote(
    server: FakeOpenAICloud, provider: OpenAIProvider
) -> None:
    said = {"model": "auto", "input": "hello", "reasoning": {"effort": "low"}}
    request = asking(dialect="openai_responses", raw=json.dumps(said).encode())
    await answered(provider, "gpt-4o", request)
    assert server.calls[-1].data == {**said, "model": "gpt-4o", "stream": True}


@pytest.mark.parametrize("model", sorted(FAILURES))
async def test_every_failure_says_what_may_be_done(
    server: FakeOpenAICloud, outbound: HttpOutbound, model: str
) -> None:
    account = Account("openai", f"{server.url}/v1")
    fresh = OpenAIProvider(account, outbound, PATIENT, FixedSecret())
    kind, retryable, words = FAILURES[model]
    with pytest.raises(ProviderFailed) as failed:
        await gather(fresh.stream(asking(), Candidate("openai", model)))
    assert (failed.value.kind, failed.value.retryable) == (kind, retryable)
    assert words in failed.value.message


async def test_a_limit_that_is_used_up_is_not_run_into(provider: OpenAIProvider) -> None:
    assert (await answered(provider, "gpt-5-last", asking())).text
    assert 300 < provider.resting_s <= 360
    with pytest.raises(ProviderFailed, match="left alone"):
        await answered(provider, "gpt-5.1", asking())


async def test_retry_after_is_kept_to(provider: OpenAIProvider) -> None:
    with pytest.raises(ProviderFailed) as limited:
        await answered(provider, "gpt-5-error-429", asking())
    assert limited.value.retry_after_s == RETRY_AFTER_S


def test_a_bound_given_twice_keeps_the_newer_word() -> None:
    body = {"model": "o3", "max_tokens": 5, "max_completion_tokens": 7}
    assert prepare(body) == {"model": "o3", "max_completion_tokens": 7}
    assert prepare({"model": "gpt-4o", "max_tokens": 5}) == {"model": "gpt-4o", "max_tokens": 5}
