"""The Gemini provider against a fake of its API over a real socket."""

import json
from collections.abc import Iterator

import pytest

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.embedding import EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.request import Limits, Message, Text, ToolCall, ToolResult
from routerd.core.response import ThinkingDelta, Usage
from routerd.dialects.embeddings import pack
from routerd.network.outbound import HttpOutbound
from routerd.providers import gemini
from routerd.providers.cloud import Account
from routerd.providers.gemini import GeminiProvider
from tests.fakes.clouds import KEY, PATIENT, TOOL, FixedSecret, answered, asking, gather
from tests.fakes.gemini_server import MODELS, RETRY_AFTER_S, SIGNATURE, FakeGemini

pytestmark = pytest.mark.anyio
# By model: what kind of failure, worth a try elsewhere, and words of the message.
FAILURES = {
    "error-400": ("rejected", False, "function call turn"),
    "error-long": ("rejected", True, "input token count"),
    "error-key": ("credential", True, "API key not valid"),
    "error-403": ("credential", True, "disabled"),
    "error-429": ("overloaded", True, "quota"),
    "error-500": ("died", True, "internal"),
    "error-503": ("overloaded", True, "overloaded"),
    "broken-call": ("protocol", True, "MALFORMED_FUNCTION_CALL"),
    "broken-error": ("died", True, "overloaded"),
    "broken-event": ("died", True, "middle of an event"),
    "broken-end": ("died", True, "without a finish reason"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeGemini]:
    with FakeGemini(KEY) as running:
        yield running


@pytest.fixture
def provider(server: FakeGemini, outbound: HttpOutbound) -> GeminiProvider:
    return GeminiProvider(Account("gemini", server.url), outbound, PATIENT, FixedSecret())


async def test_models_that_can_chat_are_found_on_all_pages(provider: GeminiProvider) -> None:
    status, found = await provider.discover()
    assert status.up
    *chats, embedder = found
    assert [candidate.model for candidate in chats] == list(MODELS)
    assert embedder.capabilities == Capabilities(embeddings=True)
    assert (found[0].context_tokens, found[0].max_output_tokens) == (1_048_576, 65_536)
    thinks = [candidate.model for candidate in found if candidate.capabilities.thinking]
    assert thinks == ["gemini-thinker"]


@pytest.mark.parametrize("model", sorted(MODELS))
async def test_every_answer_comes_whole_with_its_tokens_counted(
    provider: GeminiProvider, model: str
) -> None:
    script = MODELS[model]
    answer = await answered(provider, model, asking())
    said = [str(p["text"]) for p in script.parts if "text" in p and not p.get("thought")]
    assert answer.text == "".join(said)
    assert answer.usage == Usage(20, 5 + script.thoughts, 8, reasoning_tokens=script.thoughts)


async def test_calls_have_ids_and_whole_arguments(provider: GeminiProvider) -> None:
    answer = await answered(provider, "gemini-caller", asking(tools=(TOOL,)))
    assert answer.finish == "tool_calls"
    first, second = answer.tool_calls
    assert (first.id, first.name, json.loads(first.arguments)) == ("f1", "edit", {"path": "ä.py"})
    assert second.id
    assert second.arguments == "{}"


async def test_thoughts_are_asked_for_where_the_model_has_them(provider: GeminiProvider) -> None:
    able = Candidate("gemini", "gemini-thinker", capabilities=Capabilities(thinking=True))
    chunks = await gather(provider.stream(asking(), able))
    thinking = [chunk for chunk in chunks if isinstance(chunk, ThinkingDelta)]
    assert thinking == [
        ThinkingDelta("Let me see."),
        ThinkingDelta("", f"routerd:gemini:{SIGNATURE}"),
    ]


async def test_a_call_that_comes_back_without_its_signature_gets_it_again(
    server: FakeGemini, provider: GeminiProvider
) -> None:
    await answered(provider, "gemini-caller", asking())
    talk = (
        Message("user", (Text("a"),)),
        Message("assistant", (ToolCall("f1", "edit", "{}"),)),
        Message("tool", (ToolResult("f1", "done"),)),
    )
    await answered(provider, "gemini-2.5-flash", asking(*talk))
    call = server.calls[-1].data["contents"][1]["parts"][0]
    assert call["thoughtSignature"] == SIGNATURE


async def test_only_so_many_signatures_are_kept(
    provider: GeminiProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemini, "SIGNATURES_KEPT", 0)
    await answered(provider, "gemini-caller", asking())
    assert len(provider._signed) == 0


async def test_the_key_is_in_no_address(server: FakeGemini, provider: GeminiProvider) -> None:
    await answered(provider, "gemini-2.5-flash", asking())
    assert all(KEY not in call.path for call in server.calls)


@pytest.mark.parametrize("model", sorted(FAILURES))
async def test_every_failure_says_what_may_be_done(provider: GeminiProvider, model: str) -> None:
    kind, retryable, words = FAILURES[model]
    with pytest.raises(ProviderFailed) as failed:
        await gather(provider.stream(asking(), Candidate("gemini", model)))
    assert (failed.value.kind, failed.value.retryable) == (kind, retryable)
    assert words in failed.value.message


async def test_the_wait_in_an_error_body_is_kept_to(provider: GeminiProvider) -> None:
    with pytest.raises(ProviderFailed) as limited:
        await gather(provider.stream(asking(), Candidate("gemini", "error-429")))
    assert limited.value.retry_after_s == RETRY_AFTER_S
    assert 0 < provider.resting_s <= RETRY_AFTER_S


async def test_embeddings_come_one_a_text(server: FakeGemini, provider: GeminiProvider) -> None:
    asked = EmbeddingRequest(("a", "bbb"), dimensions=2)
    answer = await provider.embed(asked, Candidate("gemini", "text-embedding-004"))
    assert answer.vectors == (pack([1.0, 0.5]), pack([3.0, 0.5]))
    assert server.calls[-1].data["requests"][0]["outputDimensionality"] == 2


async def test_no_more_is_asked_for_than_the_model_writes(
    server: FakeGemini, provider: GeminiProvider
) -> None:
    short = Candidate("gemini", "gemini-2.5-flash", max_output_tokens=100)
    await gather(provider.stream(asking(limits=Limits(max_output_tokens=128_000)), short))
    assert server.calls[-1].data["generationConfig"]["maxOutputTokens"] == 100


async def test_more_texts_than_it_takes_at_once_are_sent_in_parts(
    server: FakeGemini, provider: GeminiProvider
) -> None:
    asked = EmbeddingRequest(tuple(str(n) for n in range(250)))
    answer = await provider.embed(asked, Candidate("gemini", "text-embedding-004"))
    assert len(answer.vectors) == 250
    sizes = [len(call.data["requests"]) for call in server.calls if "batchEmbed" in call.path]
    assert sizes[-3:] == [100, 100, 50]
