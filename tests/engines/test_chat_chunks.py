from collections.abc import Mapping
from typing import Any

from routerd.engines.chat_chunks import ChatChunks

TOOLS = [{"type": "function", "function": {"name": "f"}}]


class Sink:
    """Takes chunks; says stop from the given one on."""

    def __init__(self, stop_after: int = 1000) -> None:
        self.chunks: list[Mapping[str, Any]] = []
        self._stop_after = stop_after

    def __call__(self, chunk: Mapping[str, Any]) -> bool:
        if chunk:
            self.chunks.append(chunk)
        return len(self.chunks) >= self._stop_after

    @property
    def text(self) -> str:
        return "".join(c["choices"][0]["delta"].get("content", "") for c in self.chunks)


def test_half_characters_wait_for_their_other_half() -> None:
    sink = Sink()
    chunks = ChatChunks("m", {}, "", sink, has_calls=False)
    for byte in "a🌍é".encode():
        chunks.take(bytes([byte]))
    chunks.end("stop", 3, 4, 1)
    assert sink.text == "a🌍é"
    assert sink.chunks[-1]["usage"] == {
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 1},
    }


def test_a_character_that_never_ends_is_shown_as_broken() -> None:
    sink = Sink()
    chunks = ChatChunks("m", {}, "", sink, has_calls=False)
    chunks.take(b"a\xf0\x9f")
    chunks.end("length", 1, 1, 0)
    assert sink.text == "a�"


def test_what_was_held_back_for_a_stop_string_comes_at_the_end() -> None:
    sink = Sink()
    chunks = ChatChunks("m", {"stop": ["STOP"]}, "", sink, has_calls=False)
    chunks.take(b"to be ST")
    assert sink.text == "to be "
    chunks.end("length", 1, 1, 0)
    assert sink.text == "to be ST"


def test_take_passes_on_that_nobody_wants_more() -> None:
    chunks = ChatChunks("m", {}, "", Sink(stop_after=1), has_calls=False)
    assert chunks.take(b"a")
    assert chunks.take(b"\xf0")


def test_a_forced_call_comes_out_whole() -> None:
    sink = Sink()
    body = {"tools": TOOLS, "tool_choice": "required"}
    chunks = ChatChunks("m", body, "", sink, has_calls=True)
    chunks.take(b'{"name": "f", "arg')
    assert sink.chunks == []
    chunks.take(b'uments": {"a": 1}}')
    chunks.end("stop", 1, 1, 0)
    call, end = (chunk["choices"][0] for chunk in sink.chunks)
    assert call["delta"]["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a": 1}'}
    assert end["finish_reason"] == "tool_calls"


def test_a_forced_call_cut_off_by_the_limit_says_length() -> None:
    sink = Sink()
    body = {"tools": TOOLS, "tool_choice": "required"}
    chunks = ChatChunks("m", body, "", sink, has_calls=True)
    chunks.take(b'{"name": "f"')
    chunks.end("length", 1, 1, 0)
    assert sink.text == '{"name": "f"'
    assert sink.chunks[-1]["choices"][0]["finish_reason"] == "length"
