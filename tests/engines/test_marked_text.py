import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.engines.marked_text import Delta, MarkedText, StopStrings, held_back

CALL = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>'


def pieces(text: str, cuts: list[int]) -> list[str]:
    """Cut a text at these places."""
    places = sorted({cut % (len(text) + 1) for cut in cuts} | {0, len(text)})
    return [text[a:b] for a, b in pairwise(places)]


def split(parts: list[str], *, calls: bool = True, thinking: bool = False) -> list[Delta]:
    marked = MarkedText(calls=calls, thinking=thinking)
    deltas = [delta for part in parts for delta in marked.feed(part)]
    return deltas + marked.rest()


def joined(deltas: list[Delta], key: str) -> str:
    return "".join(delta.get(key, "") for delta in deltas)


@pytest.mark.parametrize(
    ("text", "marks", "count"),
    [("abc<", ["<think>"], 1), ("abc<th", ["<think>"], 3), ("abc", ["<think>"], 0),
     ("<think>", ["<think>"], 0), ("", ["x"], 0), ("aab", ["abc", "bcd"], 2), ("abc", [], 0)],
)  # fmt: skip
def test_the_beginning_of_a_mark_is_held_back(text: str, marks: list[str], count: int) -> None:
    assert held_back(text, marks) == count


@given(cuts=st.lists(st.integers(0, 500)))
def test_a_stop_string_is_found_however_the_text_is_cut(cuts: list[int]) -> None:
    stops = StopStrings(["STOP", "ST!"])
    out = ""
    for piece in pieces("one ST STO two STOP three", cuts):
        if not stops.stopped:
            out += stops.feed(piece)
    assert out == "one ST STO two "
    assert stops.stopped


def test_without_a_stop_everything_comes_out() -> None:
    stops = StopStrings(["STOP", ""])
    assert stops.feed("to be ST") + stops.rest() == "to be ST"
    assert not stops.stopped


@given(cuts=st.lists(st.integers(0, 500)))
def test_reasoning_answer_and_calls_are_told_apart_however_the_text_is_cut(
    cuts: list[int],
) -> None:
    text = f"<think>\nhm < 3\n</think>\n\nSo: <think> it\n{CALL}\n{CALL}"
    deltas = split(pieces(text, cuts))
    assert joined(deltas, "reasoning_content") == "hm < 3\n"
    assert joined(deltas, "content").rstrip() == "So: <think> it"
    calls = [call for delta in deltas for call in delta.get("tool_calls", ())]
    assert [call["index"] for call in calls] == [0, 1]
    assert {call["function"]["name"] for call in calls} == {"f"}
    assert json.loads(calls[0]["function"]["arguments"]) == {"a": 1}
    assert calls[0]["id"] != calls[1]["id"]


def test_a_prompt_that_opened_the_reasoning_is_continued() -> None:
    deltas = split(["hm</thi", "nk>yes"], thinking=True)
    assert joined(deltas, "reasoning_content") == "hm"
    assert joined(deltas, "content") == "yes"


def test_marks_stay_text_where_no_tools_were_offered() -> None:
    assert joined(split([CALL], calls=False), "content") == CALL


@pytest.mark.parametrize(
    "block", ["<function=f></function>", "[1]", '{"name": 3}', '{"arguments": {}}', "{"]
)
def test_what_is_no_call_after_all_comes_out_as_it_was_written(block: str) -> None:
    text = f"<tool_call>{block}</tool_call>"
    assert joined(split([text]), "content") == text


def test_a_call_that_never_ends_comes_out_as_text() -> None:
    assert joined(split(['so <tool_call>{"name": "f"']), "content") == 'so <tool_call>{"name": "f"'
