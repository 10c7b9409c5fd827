"""Every client dialect over every answer: streamed and whole say the same, and nothing is lost."""

import json
from typing import Any

import ollama
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routerd.core.errors import ProviderFailed
from routerd.core.request import Message, Request, Text
from routerd.core.response import (
    Chunk,
    Finish,
    Progress,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from routerd.dialects import openai_chat, strict_json
from routerd.dialects.sse import EventParser
from routerd.providers import ollama_wire
from tests.dialects.readings import CLIENTS, Client, expected, streamed, whole
from tests.fakes.openai_chunks import Script, events
from tests.fakes.openai_chunks import whole as openai_whole

# Thinking is asked for, so that every dialect that can show it does.
REQUEST = Request((Message("user", (Text("hi"),)),), effort="high", wants_usage=True)
NAMES = sorted(CLIENTS)
PIECES = st.text(min_size=1, max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(st.text(max_size=6), VALUES, max_size=3).map(
    lambda value: json.dumps(value, ensure_ascii=False)
)


@st.composite
def _calls(draw: st.DrawFn) -> list[Chunk]:
    """Up to three parallel calls, each cut in pieces, the pieces of different calls mixed."""
    queues: list[list[Chunk]] = []
    for index in range(draw(st.integers(0, 3))):
        arguments = draw(ARGUMENTS)
        cut = draw(st.integers(0, len(arguments)))
        queues.append(
            [
                ToolCallDelta(index, f"c{index}", f"tool{index}", ""),
                ToolCallDelta(index, arguments=arguments[:cut]),
                ToolCallDelta(index, arguments=arguments[cut:]),
            ]
        )
    mixed: list[Chunk] = []
    while any(queues):
        # A call of a higher number never begins before one of a lower.
        begun = [i for i, q in enumerate(queues) if q and len(q) < 3]
        next_new = next((i for i, q in enumerate(queues) if len(q) == 3), None)
        options = begun + ([next_new] if next_new is not None else [])
        mixed.append(queues[draw(st.sampled_from(options))].pop(0))
    return mixed


@st.composite
def answers(draw: st.DrawFn) -> tuple[Chunk, ...]:
    """A whole answer in chunks."""
    thinking = [ThinkingDelta(piece) for piece in draw(st.lists(PIECES, max_size=3))]
    text = [TextDelta(piece) for piece in draw(st.lists(PIECES, max_size=4))]
    calls = draw(_calls())
    reason = "tool_calls" if calls else draw(st.sampled_from(["stop", "length", "content_filter"]))
    given_tokens = draw(st.integers(0, 10**6))
    usage = Usage(given_tokens, draw(st.integers(0, 10**6)), draw(st.integers(0, given_tokens)))
    progress = [Progress("loading")] if draw(st.booleans()) else []
    return (*progress, *thinking, *text, *calls, Finish(reason, usage))


def _check_every_client(chunks: tuple[Chunk, ...]) -> None:
    for name in NAMES:
        client = CLIENTS[name]
        wanted = expected(client, chunks)
        assert client.whole(whole(client, chunks, REQUEST)) == wanted, name
        assert client.stream(streamed(client, chunks, REQUEST)) == wanted, name


# Drawing an answer costs more than reading it in every dialect.
@settings(max_examples=60)
@given(chunks=answers())
def test_streamed_and_whole_answers_say_the_same(chunks: tuple[Chunk, ...]) -> None:
    _check_every_client(chunks)


@pytest.mark.slow
@settings(max_examples=3000)
@given(chunks=answers())
def test_streamed_and_whole_answers_say_the_same_at_length(chunks: tuple[Chunk, ...]) -> None:
    _check_every_client(chunks)


SCRIPTS = {
    "text": Script(),
    "thinking": Script(thinking="Let me see …"),
    "cut": Script(finish="length"),
    "filtered": Script(text="No.", finish="content_filter"),
    "one call": Script(tool_calls=(("read", '{"path": "a.py"}'),)),
    "parallel calls": Script(tool_calls=(("read", '{"path": "a"}'), ("list", "{}"))),
    "thinking and a call": Script(thinking="hm", tool_calls=(("f", '{"x": [1, {"y": "ü"}]}'),)),
}


def _from_openai(script: Script, *, stream: bool) -> tuple[Chunk, ...]:
    asked = {"model": "m", "stream_options": {"include_usage": True}}
    if not stream:
        return openai_chat.decode_response(json.loads(json.dumps(openai_whole(script, asked))))
    decoder = openai_chat.ChunkDecoder()
    found: list[Chunk] = []
    for data in events(script, asked):
        for event in EventParser().feed(data):
            found += decoder.feed(strict_json.backend_object(event.data))
    return (*found, decoder.finish())


def _from_ollama(script: Script, *, stream: bool) -> tuple[Chunk, ...]:
    """As the SDK gives the lines of Ollama's native chat."""
    calls = [{"function": {"name": n, "arguments": json.loads(a)}} for n, a in script.tool_calls]
    text = "" if calls else script.text
    pieces: list[dict[str, Any]] = []
    if script.thinking:
        pieces.append({"content": "", "thinking": script.thinking})
    texts = script.pieces if stream else [text]
    pieces += [{"content": piece} for piece in texts if text]
    if calls:
        pieces.append({"content": "", "tool_calls": calls})
    found: list[Chunk] = []
    for piece in pieces:
        message = ollama.Message(role="assistant", **piece)
        made = sum(isinstance(c, ToolCallDelta) for c in found)
        found += ollama_wire.decode_message(message, made)
    last = ollama.ChatResponse(
        message=ollama.Message(role="assistant", content=""),
        done=True,
        done_reason="length" if script.finish == "length" else "stop",
        prompt_eval_count=7,
        eval_count=5,
    )
    return (*found, ollama_wire.decode_finish(last, called=bool(calls)))


BACKENDS = {"openai": _from_openai, "ollama": _from_ollama}


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NAMES)
def test_each_client_reads_each_backends_answer(name: str, backend: str, script: str) -> None:
    client = CLIENTS[name]
    for from_stream in (True, False):
        chunks = BACKENDS[backend](SCRIPTS[script], stream=from_stream)
        wanted = expected(client, chunks)
        assert client.whole(whole(client, chunks, REQUEST)) == wanted
        assert client.stream(streamed(client, chunks, REQUEST)) == wanted


@pytest.mark.parametrize("name", ["anthropic", "ollama"])
@pytest.mark.parametrize("arguments", ["{", "[1]", "7", '{"a": NaN}', '{"a": 1} x'])
def test_arguments_that_are_no_object_are_an_error_never_a_call(name: str, arguments: str) -> None:
    chunks = (ToolCallDelta(0, "c", "f", arguments), Finish("tool_calls"))
    client: Client = CLIENTS[name]
    with pytest.raises(ProviderFailed, match="no JSON object"):
        whole(client, chunks, REQUEST)
    with pytest.raises(ProviderFailed, match="no JSON object"):
        streamed(client, chunks, REQUEST)


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_stream_never_reads_as_a_whole_answer(name: str) -> None:
    client = CLIENTS[name]
    encoder = client.door.stream(REQUEST, "id0", 1)
    sent = encoder.encode(TextDelta("half an ans")) + encoder.error(
        ProviderFailed("the backend went away", "died")
    )
    assert b"the backend went away" in sent
    for ending in (b"[DONE]", b"message_stop", b"response.completed", b'"done":true'):
        assert ending not in sent
