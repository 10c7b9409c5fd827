"""Lines in, requests and answers out, without the model."""

import json

import pytest

from routerd.cli.classify_lines import answers, request_from
from routerd.core.errors import InvalidRequest
from routerd.core.features import Reading
from routerd.core.request import Message, Request, Text


class ByLength:
    """Reads a request by the length of its text."""

    def read_now(self, request: Request) -> Reading:
        size = sum(len(message.text) for message in request.messages)
        return Reading("review" if size > 5 else "other", 0.123456, 0.5, "python")


def asked(text: str) -> tuple[Message, ...]:
    return (Message("user", (Text(text),)),)


@pytest.mark.parametrize(
    ("line", "identity", "messages"),
    [
        ({"id": 7, "prompt": "hi"}, 7, asked("hi")),
        ({"prompt": ""}, None, asked("")),
        ({"id": "a", "messages": [{"role": "user", "content": "hi"}]}, "a", asked("hi")),
        ({"id": [1], "prompt": "\ud800", "more": 1}, [1], asked("\ud800")),
        (
            {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]},
            None,
            (Message("system", (Text("s"),)), Message("user", (Text("u"),))),
        ),
    ],
)
def test_a_line_is_a_prompt_or_messages(
    line: dict[str, object], identity: object, messages: tuple[Message, ...]
) -> None:
    found, request = request_from(json.dumps(line))
    assert (found, request.messages) == (identity, messages)


def test_a_byte_order_mark_before_the_first_line_is_let_through() -> None:
    assert request_from('\ufeff{"prompt": "hi"}')[1].messages == asked("hi")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"prompt": 5}',
        '{"messages": []}',
        '{"messages": [{"role": "user"}]}',
        '{"prompt": "\udcff"}',
        "[" * 5000,
    ],
)
def test_a_line_that_is_neither_is_refused(line: str) -> None:
    with pytest.raises(InvalidRequest):
        request_from(line)


def test_every_line_has_its_answer_and_a_bad_one_its_number() -> None:
    lines = ['{"id": 1, "prompt": "short"}\n', "\n", "oops\n", '{"id": 2, "prompt": "longer"}\n']
    first, bad, last = answers(ByLength(), lines)  # type: ignore[arg-type]  # reads alike
    assert first.pop("ms") >= 0
    assert first == {
        "id": 1,
        "task": "other",
        "task_confidence": 0.1235,
        "complexity": 0.5,
        "language": "python",
    }
    assert (bad["id"], bad["line"]) == (None, 3)
    assert "not valid JSON" in bad["error"]
    assert "oops" not in bad["error"]
    assert (last["id"], last["task"]) == (2, "review")
