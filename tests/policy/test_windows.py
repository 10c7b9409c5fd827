"""How large a window a request needs."""

import pytest

from routerd.core.request import Image, Limits, Message, Request, Text, Tool, ToolCall, ToolResult
from routerd.policy.windows import (
    TEMPLATE,
    USUAL_OUTPUT,
    input_tokens,
    needed_tokens,
    text_tokens,
    window_for,
)


@pytest.mark.parametrize(
    ("needed", "loaded", "trained", "expected"),
    [
        (100, 0, 32768, 4096),
        (4096, 0, 32768, 4096),
        (4097, 0, 32768, 8192),
        (20_000, 0, 32768, 32768),
        (20_000, 0, 24_000, 24_000),
        (90_000, 0, 32768, 32768),
        (90_000, 0, 0, 131_072),
        (100, 16_384, 32768, 16_384),
        (9000, 8192, 32768, 16_384),
        (100, 0, 2048, 2048),
    ],
)
def test_the_window_is_the_loaded_one_or_the_next_doubling(
    needed: int, loaded: int, trained: int, expected: int
) -> None:
    assert window_for(needed, loaded, trained) == expected


def test_what_is_not_ascii_counts_as_more() -> None:
    assert text_tokens("a" * 330) == pytest.approx(100)
    assert text_tokens("\u6587" * 100) == 150
    assert text_tokens("") == 0


def test_everything_the_model_reads_is_counted() -> None:
    bare = Request((Message("user", (Text("x"),)),))
    assert TEMPLATE < input_tokens(bare) < TEMPLATE + 20
    tool = Tool("edit", "Changes a file", {"type": "object"})
    parts = (Image("image/png", "aGk="), ToolCall("1", "edit", "{}"), ToolResult("1", "y" * 400))
    full = Request((*bare.messages, Message("user", parts)), tools=(tool,))
    assert input_tokens(full) > input_tokens(bare) + 768 + 400 // 4


def test_room_for_the_answer_is_part_of_what_is_needed() -> None:
    bare = Request((Message("user", (Text("x"),)),))
    bounded = Request(bare.messages, limits=Limits(max_output_tokens=7))
    assert needed_tokens(bare) - input_tokens(bare) == USUAL_OUTPUT
    assert needed_tokens(bounded) - input_tokens(bounded) == 7
