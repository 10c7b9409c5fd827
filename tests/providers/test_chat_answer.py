"""Reading chat answers; faults of servers are tried in test_openai_compatible.py."""

from collections.abc import AsyncIterator

import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.ports import Reply
from routerd.core.response import Finish, TextDelta
from routerd.providers.chat_answer import as_it_is, from_text, streamed, whole

pytestmark = pytest.mark.anyio
CHUNK = b'data: {"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}\n\n'


def _reply(*pieces: bytes) -> Reply:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return Reply(200, {}, body())


async def test_an_answer_is_read_streamed_and_whole() -> None:
    expected = [TextDelta("a"), Finish("stop")]
    assert [chunk async for chunk in streamed(_reply(CHUNK), "x")] == expected
    body = CHUNK.removeprefix(b"data: ").replace(b"delta", b"message")
    assert list(await whole(_reply(body), "x")) == expected


async def test_every_object_passes_through_what_evens_out_its_vendor() -> None:
    def louder(obj: dict[str, object]) -> dict[str, object]:
        return {**obj, "choices": [{"delta": {"content": "A"}, "finish_reason": "stop"}]}

    first, _ = [chunk async for chunk in streamed(_reply(CHUNK), "x", louder)]
    assert first == TextDelta("A")
    assert as_it_is({"a": 1}) == {"a": 1}


async def test_a_stream_cut_inside_an_event_is_no_answer() -> None:
    with pytest.raises(ProviderFailed, match="middle of an event"):
        _ = [chunk async for chunk in streamed(_reply(CHUNK, b"data: {"), "x")]


def test_the_older_format_is_read_as_chat() -> None:
    old = {"choices": [{"text": "a", "finish_reason": "stop"}, 3]}
    assert from_text(old)["choices"][0]["delta"] == {"content": "a"}
    assert from_text({"choices": None}) == {"choices": None}
