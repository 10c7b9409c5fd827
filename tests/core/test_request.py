"""The request as one form for every dialect: its text, its size, what its repr keeps back."""

import pytest

from routerd.core.request import (
    CHARACTERS_PER_TOKEN,
    Image,
    Message,
    Part,
    Request,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)


def test_the_text_of_a_message_joins_its_plain_text_only() -> None:
    parts = (Text("one"), Image("image/png", "AAAA"), Thinking("hidden"), Text("two"))
    assert Message("user", parts).text == "one\ntwo"


@pytest.mark.parametrize(
    ("part", "characters"),
    [
        (Text("12345"), 5),
        (Thinking("123"), 3),
        (ToolResult("call", "1234"), 4),
        (ToolCall("call", "name", '{"a":1}'), 7),
        (Image("image/png", "A" * 100), 0),
    ],
)
def test_every_kind_of_part_counts_what_the_model_reads(part: Part, characters: int) -> None:
    assert Request((Message("user", (part,)),)).characters == characters


def test_tools_count_with_schema_and_description() -> None:
    schema = {"type": "object"}
    request = Request((), tools=(Tool("f", "does it", schema),))
    assert request.characters == len(str(schema)) + len("does it")


def test_the_estimate_adds_a_few_tokens_for_each_turn() -> None:
    turn = Message("user", (Text("x" * 330),))
    assert Request((turn,)).estimated_tokens == int(330 / CHARACTERS_PER_TOKEN) + 4
    assert Request((turn, turn)).estimated_tokens == int(660 / CHARACTERS_PER_TOKEN) + 8


def test_the_raw_body_never_shows_in_a_repr() -> None:
    assert "planted-secret" not in repr(Request((), raw=b"planted-secret"))
