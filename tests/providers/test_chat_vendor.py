"""Every vendor that speaks OpenAI's chat, against a fake of it with its own differences."""

import json
from collections.abc import Iterator

import pytest

from routerd.core.candidate import Candidate
from routerd.core.embedding import EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.request import Limits, Message, ResponseFormat, Text, ToolCall, ToolResult
from routerd.dialects.embeddings import pack
from routerd.network.outbound import HttpOutbound
from routerd.providers.chat_vendor import ChatVendorProvider
from routerd.providers.cloud import UNKNOWN_PRICE, Account
from routerd.providers.vendors import VENDORS
from tests.fakes.clouds import KEY, PATIENT, TOOL, FixedSecret, answered, asking
from tests.fakes.openai_chunks import Script
from tests.fakes.vendor_server import FILLS, FakeVendor

pytestmark = pytest.mark.anyio
FOUND = {
    "deepseek": ["deepseek-chat"],
    "mistral": ["codestral-latest", "mistral-embed"],
    "xai": ["grok-4"],
    "openrouter": ["anthropic/claude-sonnet-4.5", "b/free"],
    "groq": ["openai/gpt-oss-120b"],
    "cerebras": ["qwen-3-coder-480b"],
    "together": ["Qwen/Qwen3-Coder"],
}


@pytest.fixture(scope="module", params=sorted(VENDORS))
def server(request: pytest.FixtureRequest) -> Iterator[FakeVendor]:
    with FakeVendor(request.param, KEY) as running:
        yield running


@pytest.fixture
def provider(server: FakeVendor, outbound: HttpOutbound) -> ChatVendorProvider:
    account = Account(server.kind, f"{server.url}/v1")
    return ChatVendorProvider(VENDORS[server.kind], account, outbound, PATIENT, FixedSecret())


async def test_what_can_chat_is_found(server: FakeVendor, provider: ChatVendorProvider) -> None:
    status, found = await provider.discover()
    assert status.up
    assert status.kind == server.kind
    assert [candidate.model for candidate in found] == FOUND[server.kind]
    assert {candidate.zone for candidate in found} == {"cloud"}


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_comes_whole_with_thinking_and_cached_tokens(
    provider: ChatVendorProvider, stream: bool
) -> None:
    answer = await answered(provider, "some", asking(wants_stream=stream))
    assert answer.text == Script().text
    assert answer.thinking == "Let me see."
    assert (answer.usage.input_tokens, answer.usage.cached_tokens) == (7, 3)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_tool_loop_is_taken_by_every_vendor(
    provider: ChatVendorProvider, stream: bool
) -> None:
    talk = (
        Message("user", (Text("a"),)),
        Message("assistant", (ToolCall("call_of_another_kind", "edit", "{}"),)),
        Message("tool", (ToolResult("call_of_another_kind", "done"),)),
    )
    asked = asking(*talk, tools=(TOOL,), tool_choice="required", wants_stream=stream)
    answer = await answered(provider, "caller", asked)
    assert answer.finish == "tool_calls"
    assert json.loads(answer.tool_calls[0].arguments) == {"path": "ä.py"}


async def test_what_a_vendor_would_refuse_is_said_in_its_words(
    server: FakeVendor, provider: ChatVendorProvider
) -> None:
    shape = ResponseFormat("json_schema", "x", {"type": "object"})
    limits = Limits(64, 0.3, 0.9, 7, ("END",))
    answer = await answered(provider, "grok-4", asking(limits=limits, response_format=shape))
    assert answer.finish == "stop"
    raw = {"model": "auto", "messages": [], "max_tokens": 9, "user": "u"}
    said = json.dumps(raw).encode()
    await answered(provider, "some", asking(dialect="openai", raw=said))
    assert server.calls[-1].data["max_tokens"] == 9


async def test_a_full_window_is_the_length(provider: ChatVendorProvider) -> None:
    assert (await answered(provider, "full", asking())).finish == "length"


async def test_an_error_in_the_middle_is_a_failure(provider: ChatVendorProvider) -> None:
    with pytest.raises(ProviderFailed) as failed:
        await answered(provider, "broken", asking())
    assert failed.value.said == "Provider returned error"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(402, "overloaded"), (429, "overloaded"), (500, "died"), (403, "credential")],
)
async def test_statuses_mean_the_same_everywhere(
    provider: ChatVendorProvider, status: int, kind: str
) -> None:
    with pytest.raises(ProviderFailed) as failed:
        await answered(provider, f"error-{status}", asking())
    assert failed.value.kind == kind
    assert failed.value.retryable
    assert (provider.resting_s > 0) == (kind == "overloaded")


@pytest.mark.parametrize("stream", [True, False])
async def test_gaps_are_filled_where_the_vendor_can(
    server: FakeVendor, provider: ChatVendorProvider, stream: bool
) -> None:
    talk = Message("user", (Text("def f():"),))
    asked = asking(talk, suffix="return x", wants_stream=stream, limits=Limits(9))
    answer = await answered(provider, "codestral-latest", asked)
    if server.kind in FILLS:
        assert server.calls[-1].path == FILLS[server.kind]
        assert answer.text == "<def f():|return x>"
        assert server.calls[-1].data["max_tokens"] == 9
    else:
        assert server.calls[-1].path == "/v1/chat/completions"


async def test_embeddings_come_one_a_text(provider: ChatVendorProvider) -> None:
    asked = EmbeddingRequest(("a", "b"))
    answer = await provider.embed(asked, Candidate(provider.name, "some-embed"))
    assert answer.vectors == (pack([0.5, 1.0]),) * 2
    assert answer.input_tokens == 4


async def test_a_price_is_the_vendors_own_or_counted_as_dear(
    server: FakeVendor, provider: ChatVendorProvider
) -> None:
    _, found = await provider.discover()
    own = server.kind in ("xai", "openrouter", "together")
    assert (found[0].price != UNKNOWN_PRICE) == own
