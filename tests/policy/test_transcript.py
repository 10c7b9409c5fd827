import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.request import Message, Part, Text, Thinking, ToolCall, ToolResult
from routerd.core.session import Signs
from routerd.policy import transcript

FAILING = "Traceback (most recent call last):\n  File 'a.py'\nValueError: no"
PASSING = "..... 5 passed in 0.2 s"


def user(text: str) -> Message:
    return Message("user", (Text(text),))


def model(*parts: Part) -> Message:
    return Message("assistant", parts)


def call(name: str = "run", arguments: str = "{}") -> Message:
    return model(ToolCall("1", name, arguments))


def result(text: str, *, is_error: bool = False) -> Message:
    return Message("tool", (ToolResult("1", text, is_error),))


ASK = user("please make the parser accept empty input")


def test_a_talk_without_trouble_shows_nothing_against_the_model() -> None:
    talk = [ASK, call(), result(PASSING), model(Text("Done."))]
    assert transcript.read(talk) == Signs(well=True, calm_turns=1)


@pytest.mark.parametrize(
    ("talk", "sign"),
    [
        ([ASK, call(), result(FAILING), call(), result(FAILING)], "tool_failed_twice"),
        ([ASK, call(), result("", is_error=True), call(), result(FAILING)], "tool_failed_twice"),
        ([ASK, call("edit", '{"path": "'), result("bad call")], "malformed_tool_call"),
        ([ASK, model(Text("I'm sorry, but I can't do that."))], "refused"),
        ([ASK, model(Text("Done.")), user("That still doesn't work")], "asked_again"),
        ([ASK, model(Text("Done.")), user("Make the parser accept empty input!")], "asked_again"),
        (
            [
                ASK,
                call("edit_file", '{"path": "a.py"}'),
                result("ok"),
                call(),
                result(FAILING),
                call("edit_file", '{"path": "a.py"}'),
            ],
            "edited_again",
        ),
    ],
)
def test_each_kind_of_evidence_is_seen(talk: list[Message], sign: str) -> None:
    assert transcript.read(talk).against == (sign,)


def test_one_failing_tool_is_an_agents_daily_bread() -> None:
    talk = [ASK, call(), result(FAILING), call(), result(PASSING), call(), result(FAILING)]
    assert transcript.read(talk).against == ()


def test_two_files_edited_one_after_the_other_are_no_evidence() -> None:
    first, second = ('{"path": "a.py"}', '{"path": "b.py"}')
    talk = [ASK, call("edit", first), result(FAILING), call("edit", second), result("ok")]
    assert transcript.read(talk).against == ()


def test_evidence_before_the_model_took_over_is_not_held_against_it() -> None:
    talk = [ASK, model(Text("I cannot help with that.")), user("now something else entirely")]
    assert transcript.read(talk).against == ("refused",)
    assert transcript.read(talk, since=2).against == ()


def test_a_repetition_is_told_although_the_first_ask_came_before_the_model_took_over() -> None:
    talk = [ASK, model(Text("Done.")), ASK]
    assert transcript.read(talk, since=2).against == ("asked_again",)


def test_turns_without_evidence_are_counted_from_the_last_one() -> None:
    talk = [ASK, model(Text("Done.")), user("That is wrong"), model(Text("Now.")), user("Add docs")]
    assert transcript.read(talk).calm_turns == 1


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        ([ASK], False),
        ([ASK, call()], True),
        ([ASK, call(), result(PASSING)], True),
        # A client's reminder, or a word of the user's, doesn't close it: the model hasn't spoken.
        ([ASK, call(), result(PASSING), user("and hurry")], True),
        ([ASK, call(), result(PASSING), model(Text("Done.")), user("and docs")], False),
    ],
)
def test_a_tool_call_is_open_until_the_model_has_spoken_again(
    talk: list[Message], expected: bool
) -> None:
    assert transcript.read(talk).tool_open is expected


def test_only_signed_thinking_binds_a_conversation() -> None:
    assert transcript.read([ASK, model(Thinking("hm", "sealed"), Text("Done."))]).signed
    assert not transcript.read([ASK, model(Thinking("hm"), Text("Done."))]).signed


def test_text_beside_a_tools_result_is_a_reminder_not_an_ask() -> None:
    reminder = Message("user", (ToolResult("1", "ok"), Text("That is wrong")))
    assert transcript.read([ASK, call(), reminder]).against == ()


PARTS = st.one_of(
    st.builds(Text, st.text()),
    st.builds(Thinking, st.text(), st.text()),
    st.builds(ToolCall, st.text(), st.text(), st.text()),
    st.builds(ToolResult, st.text(), st.text(), st.booleans()),
)
TALKS = st.lists(
    st.builds(
        Message,
        st.sampled_from(["system", "user", "assistant", "tool"]),
        st.lists(PARTS, max_size=3).map(tuple),
    ),
    max_size=8,
)


@given(TALKS, st.integers(0, 20))
def test_any_talk_can_be_read(talk: list[Message], since: int) -> None:
    signs = transcript.read(talk, since)
    assert signs.tool_open is transcript.tool_open(talk)
    assert len(set(signs.against)) == len(signs.against)
