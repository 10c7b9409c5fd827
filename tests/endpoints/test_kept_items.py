"""Items of answers that clients refer to by their id, with the official client as the judge."""

import json
from typing import Any

import openai
import pytest

from routerd.core.request import Text, ToolCall
from routerd.core.response import Finish, TextDelta, ToolCallDelta, Usage
from routerd.endpoints.kept_items import KeptItems
from tests.fakes.scripted_house import TOKEN, ServedHouse

CALLING = (
    TextDelta("I read it."),
    ToolCallDelta(0, "call_1", "read", '{"path":"x"}'),
    Finish("tool_calls", Usage(3, 2)),
)
TOOL: Any = {"type": "function", "name": "read", "parameters": {"type": "object"}, "strict": False}


@pytest.fixture
def client(served: ServedHouse) -> openai.OpenAI:
    served.engine.script = lambda _: CALLING
    return openai.OpenAI(base_url=f"{served.url}/v1", api_key=TOKEN, max_retries=0)


def _referring(output: list[Any]) -> list[Any]:
    """Return the next input as the AI SDK writes it: a reference, then the tool's result."""
    result = {"type": "function_call_output", "call_id": "call_1", "output": "42"}
    return [
        {"role": "user", "content": "what is x?"},
        *({"type": "item_reference", "id": item.id} for item in output),
        result,
    ]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_reference_stands_for_the_item(
    served: ServedHouse, client: openai.OpenAI, streamed: bool
) -> None:
    with client:
        if streamed:
            with client.responses.stream(model="auto", input="what is x?", tools=[TOOL]) as stream:
                first = stream.get_final_response()
        else:
            first = client.responses.create(model="auto", input="what is x?", tools=[TOOL])
        client.responses.create(model="auto", input=_referring(first.output), tools=[TOOL])
    said = served.last.messages[1]
    assert said.role == "assistant"
    assert said.parts == (Text("I read it."), ToolCall("call_1", "read", '{"path":"x"}'))


def test_an_answer_that_may_not_be_kept_is_not(client: openai.OpenAI) -> None:
    with client:
        first = client.responses.create(model="auto", input="what is x?", store=False)
        with pytest.raises(openai.BadRequestError, match="does not have any more"):
            client.responses.create(model="auto", input=_referring(first.output))


def test_what_openai_keeps_itself_is_asked_of_openai_alone(client: openai.OpenAI) -> None:
    asked: Any = [{"type": "item_reference", "id": "msg_68a1"}]
    with client, pytest.raises(openai.APIStatusError, match="openai_responses dialect"):
        client.responses.create(model="auto", input=asked)


def test_the_oldest_go_where_there_is_no_room() -> None:
    kept = KeptItems(most_items=2, most_bytes=1000)

    def body(identity: str) -> bytes:
        return b'{"input" : [{"type":"item_reference","id":"%s"}]}' % identity.encode()

    for number in range(3):
        kept.keep([{"id": f"msg_{number}", "type": "message"}])
    assert kept.filled_in(body("msg_0")) == body("msg_0")
    assert json.loads(kept.filled_in(body("msg_2")))["input"][0]["type"] == "message"
    kept.keep([{"id": "big", "text": "x" * 2000}])
    assert kept.filled_in(body("msg_2")) == body("msg_2")


def test_a_body_without_references_stays_as_it_is() -> None:
    body = b'{"input" : "item_reference", "n":1.0}'
    assert KeptItems().filled_in(body) is body
    assert KeptItems.wanted(b'{"input":"say \\"store\\": false"}')
    assert not KeptItems.wanted(b'{"store" : false}')
