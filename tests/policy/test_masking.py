"""Findings are taken out of a request and put back into the answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.policy import Finding
from routerd.core.request import Message, Request, Text, Thinking, ToolCall, ToolResult
from routerd.core.response import Chunk, Finish, Progress, TextDelta, ThinkingDelta, ToolCallDelta
from routerd.policy import masking

KEY, MAIL = "sk-live-0123456789abcdef", 'quote"and\\back@nordbank.eu'
KEY_FOUND = Finding("secret", "api-key", 0, 0, 4, 4 + len(KEY), "aa" * 16)
MAIL_FOUND = Finding("personal", "email", 1, 0, 0, len(MAIL), "bb" * 16)
KEY_WORD, MAIL_WORD = (masking.placeholder(f) for f in (KEY_FOUND, MAIL_FOUND))
REQUEST = Request(
    (Message("user", (Text(f"use {KEY} now"),)), Message("tool", (ToolResult("1", MAIL),))),
    raw=KEY.encode(),
)
MASKED = masking.mask(REQUEST, [KEY_FOUND, MAIL_FOUND])


def restored(chunks: list[Chunk]) -> list[Chunk]:
    restorer = masking.Restorer(MASKED.originals)
    return [out for chunk in chunks for out in restorer.restore(chunk)]


def text_of(chunks: list[Chunk]) -> str:
    return "".join(c.text for c in chunks if isinstance(c, TextDelta))


def test_nothing_of_a_finding_is_left_in_the_request() -> None:
    assert MASKED.request.messages[0].text == f"use {KEY_WORD} now"
    assert MASKED.request.messages[1].parts == (ToolResult("1", MAIL_WORD),)
    assert MASKED.request.raw == b""
    assert KEY not in repr(MASKED)


def test_the_same_text_has_the_same_word_everywhere() -> None:
    twice = Request((Message("user", (Text(f"{KEY} {KEY}"),)),))
    size = len(KEY)
    found = [Finding("secret", "api-key", 0, 0, at, at + size, "aa" * 16) for at in (0, size + 1)]
    masked = masking.mask(twice, found)
    assert masked.request.messages[0].text == f"{KEY_WORD} {KEY_WORD}"
    assert len(masked.originals) == 1


def test_tool_arguments_stay_json_and_thinking_loses_its_signature() -> None:
    arguments = json.dumps({"header": f"Bearer {KEY}"})
    start = arguments.index(KEY)
    request = Request(
        (Message("assistant", (ToolCall("1", "get", arguments), Thinking(f"hm {KEY}", "sig"))),)
    )
    masked = masking.mask(
        request,
        [
            Finding("secret", "api-key", 0, 0, start, start + len(KEY), "aa" * 16),
            Finding("secret", "api-key", 0, 1, 3, 3 + len(KEY), "aa" * 16),
        ],
    )
    call, thinking = masked.request.messages[0].parts
    assert isinstance(call, ToolCall)
    assert json.loads(call.arguments) == {"header": f"Bearer {KEY_WORD}"}
    assert thinking == Thinking(f"hm {KEY_WORD}", "")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_words_are_restored_across_the_borders_of_chunks(size: int) -> None:
    answer = f"Put {KEY_WORD} and {MAIL_WORD} into MASKED_nothing_0 of {KEY_WORD}"
    pieces: list[Chunk] = [TextDelta(answer[i : i + size]) for i in range(0, len(answer), size)]
    out = restored([*pieces, Finish("stop")])
    assert text_of(out) == answer.replace(KEY_WORD, KEY).replace(MAIL_WORD, MAIL)
    assert out[-1] == Finish("stop")


def test_only_what_may_be_a_word_is_held_back() -> None:
    assert text_of(restored([TextDelta("nothing to hide. M")])) == "nothing to hide. "
    assert text_of(restored([TextDelta("nothing to hide.")])) == "nothing to hide."


def test_what_is_held_back_comes_before_another_channel_and_before_the_end() -> None:
    out = restored(
        [ThinkingDelta("hm MASK"), Progress("…"), TextDelta("MASKED"), ToolCallDelta(0, "id", "f")]
    )
    assert out == [
        ThinkingDelta("hm "),
        Progress("…"),
        ThinkingDelta("MASK"),
        TextDelta("MASKED"),
        ToolCallDelta(0, "id", "f", ""),
    ]


def test_a_word_in_tool_arguments_becomes_its_text_as_json_writes_it() -> None:
    arguments = json.dumps({"to": MAIL_WORD})
    out = restored(
        [
            ToolCallDelta(0, "id", "send"),
            ToolCallDelta(0, arguments=arguments[:12]),
            ToolCallDelta(0, arguments=arguments[12:]),
            Finish("tool_calls"),
        ]
    )
    written = "".join(c.arguments for c in out if isinstance(c, ToolCallDelta))
    assert json.loads(written) == {"to": MAIL}
    assert [c.id for c in out if isinstance(c, ToolCallDelta)].count("id") == 1


@given(st.text(alphabet="MASKED_api_key_" + "ab" + "xy ", max_size=60), st.integers(1, 9))
def test_any_answer_cut_anywhere_reads_as_the_whole_one(text: str, size: int) -> None:
    answer = text + KEY_WORD + text[::-1]
    pieces: list[Chunk] = [TextDelta(answer[i : i + size]) for i in range(0, len(answer), size)]
    assert text_of(restored([*pieces, Finish("stop")])) == answer.replace(KEY_WORD, KEY)
