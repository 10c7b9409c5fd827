"""A stream cut anywhere, in pieces of any size: the whole answer or a failure, never half of one."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routerd.core.candidate import Candidate
from routerd.core.config import Timeouts
from routerd.core.errors import ProviderFailed
from routerd.core.ports import Reply
from routerd.core.request import Message, Request, Text
from routerd.core.response import Assembler, Native, Response, ThinkingDelta
from routerd.providers.openai_compatible import OpenAICompatibleProvider, Server
from tests.fakes.openai_chunks import DONE, Script, events

SCRIPT = Script(thinking="hm", text="Größere Äpfel 🍏 reifen später.")
ASKED = {"model": "m", "stream_options": {"include_usage": True}}
STREAM = b"".join([*events(SCRIPT, ASKED), DONE])
# From here on the backend has said why it ended; [DONE] and the counts add nothing to the answer.
SAID_WHY = STREAM.index(b'"finish_reason": "stop"')
WHOLE_AT = STREAM.index(b"\n\n", SAID_WHY) + 2
REQUEST = Request((Message("user", (Text("hi"),)),), wants_stream=True)
ODD = b"\xef\xbb\xbf: keep-alive\r\n\r\n" + STREAM.replace(
    b"\n\n", b"\r\n\r\nid: 7\r\nretry: 5\r\n: comment\r\n\r\n"
)


class CutOutbound:
    """Replays pieces of a stream and then closes the connection politely."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    @asynccontextmanager
    async def send(self, *_: Any, **__: Any) -> AsyncIterator[Reply]:
        async def body() -> AsyncIterator[bytes]:
            for piece in self._pieces:
                yield piece

        headers: Mapping[str, str] = {"content-type": "text/event-stream"}
        yield Reply(200, headers, body())


async def _answer(*pieces: bytes) -> Response:
    outbound: Any = CutOutbound(*pieces)
    provider = OpenAICompatibleProvider(Server("up", "http://x/v1"), outbound, Timeouts())
    assembler = Assembler()
    async with aclosing(provider.stream(REQUEST, Candidate("up", "m"))) as chunks:
        async for chunk in chunks:
            assembler.add(chunk)
    return assembler.response("m")


def _run(*pieces: bytes) -> Response:
    """Drive the coroutine; nothing in it waits for anything."""
    coroutine = _answer(*pieces)
    try:
        coroutine.send(None)
    except StopIteration as done:
        response: Response = done.value
        return response
    raise AssertionError("it waits")


WHOLE = _run(STREAM)


@pytest.mark.parametrize("stream", [STREAM, ODD], ids=["plain", "odd"])
def test_every_byte_by_itself_gives_the_whole_answer(stream: bytes) -> None:
    assert _run(*(bytes([byte]) for byte in stream)) == WHOLE
    assert (WHOLE.text, WHOLE.thinking) == (SCRIPT.text, "hm")


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(0, len(ODD)), max_size=12).map(sorted))
def test_pieces_of_any_size_give_the_whole_answer(cuts: list[int]) -> None:
    places = [0, *cuts, len(ODD)]
    pieces = [ODD[a:b] for a, b in itertools.pairwise(places)]
    assert _run(*pieces) == WHOLE


def test_a_stream_cut_at_any_byte_is_a_failure_until_it_has_said_why_it_ended() -> None:
    for cut in range(len(STREAM)):
        if cut < WHOLE_AT:
            with pytest.raises(ProviderFailed):
                _run(STREAM[:cut])
            continue
        try:
            found = _run(STREAM[:cut])
        except ProviderFailed:
            continue  # cut in the middle of the event with the counts
        assert (found.text, found.finish) == (WHOLE.text, "stop")


@pytest.mark.parametrize("size_mb", [7, 9])
def test_an_event_is_taken_up_to_its_bound_and_no_further(size_mb: int) -> None:
    # One event of one piece, as some servers send a whole file.
    text = "x" * (size_mb << 20)
    chunk = f'data: {{"choices":[{{"delta":{{"content":"{text}"}},"finish_reason":"stop"}}]}}\n\n'
    data = chunk.encode()
    pieces = [data[i : i + 65_536] for i in range(0, len(data), 65_536)]
    if size_mb < 8:
        assert len(_run(*pieces, DONE).text) == size_mb << 20
    else:
        with pytest.raises(ProviderFailed, match="more than 8 MiB"):
            _run(*pieces, DONE)


async def _yielded(data: bytes, request: Request) -> list[object]:
    """Return what has come before the stream ended or failed."""
    outbound: Any = CutOutbound(data)
    provider = OpenAICompatibleProvider(Server("up", "http://x/v1"), outbound, Timeouts())
    found: list[object] = []
    async with aclosing(provider.stream(request, Candidate("up", "m"))) as chunks:
        with contextlib.suppress(ProviderFailed):
            async for chunk in chunks:
                found.append(chunk)
    return found


@pytest.mark.anyio
async def test_a_backends_own_bytes_wait_for_the_first_word_so_that_another_may_be_asked() -> None:
    raw = b'{"messages":[{"role":"user","content":"hi"}],"stream":true}'
    native = replace(REQUEST, raw=raw, dialect="openai")
    role_ends = STREAM.index(b"\n\n") + 2
    word_ends = STREAM.index(b"\n\n", role_ends) + 2
    assert await _yielded(STREAM[:role_ends], native) == []
    found = await _yielded(STREAM[:word_ends], native)
    assert [type(chunk) for chunk in found] == [Native, Native, ThinkingDelta]


@pytest.mark.anyio
async def test_a_request_of_another_dialect_gets_no_bytes_of_this_one() -> None:
    for request in (REQUEST, replace(REQUEST, raw=b"{}", dialect="anthropic")):
        assert not any(isinstance(chunk, Native) for chunk in await _yielded(STREAM, request))
