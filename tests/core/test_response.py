"""Chunks put together into a whole answer, and never taken for one before the end."""

import pytest

from routerd.core.response import (
    Assembler,
    CompletedToolCall,
    Finish,
    Native,
    Progress,
    Response,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    ToolCallDelta,
    Usage,
)


def test_chunks_of_all_kinds_make_one_response() -> None:
    assembler = Assembler()
    for chunk in (
        Progress("loading"),
        ThinkingDelta("hm"),
        TextDelta("Hello"),
        ThinkingDelta("m"),
        TextDelta(" there"),
        ToolCallDelta(1, "b", "second", "{}"),
        ToolCallDelta(0, "a", "first", '{"x"'),
        ToolCallDelta(0, arguments=":1}"),
        Finish("tool_calls", Usage(3, 4, 1)),
    ):
        assembler.add(chunk)
    assert assembler.text == "Hello there"
    assert assembler.response("p/m") == Response(
        model="p/m",
        text="Hello there",
        finish="tool_calls",
        usage=Usage(3, 4, 1),
        thinking="hmm",
        tool_calls=(
            CompletedToolCall("a", "first", '{"x":1}'),
            CompletedToolCall("b", "second", "{}"),
        ),
    )


def test_a_repeated_id_or_name_does_not_replace_the_first() -> None:
    assembler = Assembler()
    assembler.add(ToolCallDelta(0, "a", "f", "{"))
    assembler.add(ToolCallDelta(0, "other", "g", "}"))
    assert assembler.tool_calls == (CompletedToolCall("a", "f", "{}"),)


def test_an_unfinished_answer_never_passes_for_a_whole_one() -> None:
    assembler = Assembler()
    assembler.add(TextDelta("half"))
    with pytest.raises(ValueError, match="no finish"):
        assembler.response("p/m")


def test_signatures_sealed_thinking_log_probabilities_and_native_bytes_are_kept() -> None:
    assembler = Assembler()
    token = TokenLogprob("Hi", -0.5, (("Hi", -0.5),))
    for chunk in (
        ThinkingDelta("hm"),
        ThinkingDelta("", "signed"),
        ThinkingDelta("", "sealed", redacted=True),
        Native(b"{}"),
        TextDelta("Hi", (token,)),
        Finish("stop", Usage(), "END"),
    ):
        assembler.add(chunk)
    response = assembler.response("p/m")
    assert (response.thinking, response.thinking_signature) == ("hm", "signed")
    assert response.redacted_thinking == ("sealed",)
    assert (response.logprobs, response.native) == ((token,), b"{}")
    assert (response.text, response.stop_sequence) == ("Hi", "END")
    assert "{}" not in repr(response)
