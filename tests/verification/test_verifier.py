from typing import Any

import pytest

from routerd.core.request import Message, Request, ResponseFormat, Text, Tool
from routerd.core.response import CompletedToolCall
from routerd.core.verdict import Verdict
from routerd.verification.verifier import AnswerVerifier

TALK = (Message("user", (Text("hello"),)),)
RUN = Tool("run", "", {"properties": {"n": {"type": "integer"}}, "required": ["n"]})
PERSON = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def verdict(text: str = "", calls: tuple[tuple[str, str], ...] = (), **more: Any) -> Verdict:
    finish = more.pop("finish", "tool_calls" if calls else "stop")
    made = tuple(CompletedToolCall("1", name, arguments) for name, arguments in calls)
    return AnswerVerifier().check(Request(TALK, tools=(RUN,), **more), text, made, finish)


def test_plain_words_cannot_be_checked() -> None:
    assert verdict("Hello there.").passed is None


def test_a_call_that_fits_its_schema_passes() -> None:
    assert verdict(calls=(("run", '{"n": 1}'),)) == Verdict(1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("run", '{"n": 1'), "not JSON"),
        (("run", '{"n": "1"}'), "break its schema at properties/n/type"),
        (("run", "{}"), "break its schema at required"),
        (("run", "[]"), "break its schema at type"),
        (("walk", "{}"), "doesn't offer"),
    ],
)
def test_a_call_that_the_client_could_not_run_is_at_fault(
    call: tuple[str, str], words: str
) -> None:
    found = verdict(calls=(call,))
    assert found.passed is False
    assert words in found.faults[0]


def test_each_call_of_several_is_checked() -> None:
    found = verdict(calls=(("run", '{"n": 1}'), ("run", "{}")))
    assert (found.checked, len(found.faults)) == (2, 1)


@pytest.mark.parametrize(
    ("kind", "text", "passed"),
    [
        ("json_object", '{"a": 1}', True),
        ("json_object", "[1]", False),
        ("json_object", "Sure! {}", False),
        ("json_schema", '{"age": 3}', True),
        ("json_schema", '{"age": "3"}', False),
    ],
)
def test_json_is_held_to_the_response_format(kind: Any, text: str, passed: bool) -> None:
    schema = PERSON if kind == "json_schema" else None
    found = verdict(text, response_format=ResponseFormat(kind, schema=schema))
    assert (found.checked, found.passed) == (1, passed)


def test_code_in_an_answer_is_parsed() -> None:
    assert verdict("```python\ndef f(:\n    pass\n```").passed is False
    assert verdict("```python\ndef f():\n    pass\n```").passed is True


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_an_answer_cut_off_by_its_own_limit_is_not_checked(finish: str) -> None:
    assert verdict("```python\ndef f(:\n    pass\n```", finish=finish) == Verdict()


def test_faults_never_quote_the_answer() -> None:
    found = verdict(calls=(("run", '{"n": "my secret"}'), ("secret tool", "{}")))
    assert "secret" not in " ".join(found.faults)


def test_arguments_too_long_to_check_are_no_fault() -> None:
    assert verdict(calls=(("run", '{"n": "' + "x" * 1_000_001 + '"}'),)).faults == ()
