from typing import Any

import pytest

from routerd.core.features import Needs, Neighbour, Reading
from routerd.core.request import (
    Image,
    Limits,
    Message,
    Request,
    ResponseFormat,
    Text,
    Tool,
)
from routerd.journey.understand import (
    ANSWER_TOKENS,
    MOST_ANSWER_TOKENS,
    NEIGHBOURS,
    needs_of,
    understand,
)
from tests.fakes.rooms import FixedUnderstanding, ListMemory

pytestmark = pytest.mark.anyio

TOOL = Tool("edit", "Edit", {"type": "object"})
SCHEMA = ResponseFormat("json_schema", "a", {"type": "object"})
PICTURE = Message("user", (Text("look"), Image("image/png", "QQ==")))


def _request(*messages: Message, **more: Any) -> Request:
    return Request(messages or (Message("user", (Text("write a parser"),)),), **more)


@pytest.mark.parametrize(
    ("request_", "needs"),
    [
        (_request(), {}),
        (_request(tools=(TOOL,)), {"tools": True}),
        (_request(tools=(TOOL,), tool_choice="edit"), {"tools": True}),
        (_request(tools=(TOOL,), tool_choice="none"), {}),
        (_request(response_format=SCHEMA), {"json_schema": True}),
        (_request(response_format=ResponseFormat("json_object")), {}),
        (_request(PICTURE, Message("assistant", (Text("a cat"),))), {"vision": True}),
        (_request(suffix=""), {"fim": True}),
        (_request(dialect="anthropic", native_only="document"), {"native": "anthropic"}),
    ],
)
def test_needs_are_what_the_request_uses(request_: Request, needs: dict[str, Any]) -> None:
    expected = Needs(context_tokens=request_.estimated_tokens + ANSWER_TOKENS, **needs)
    assert needs_of(request_) == expected


def test_room_is_kept_for_the_answer_that_was_asked_for() -> None:
    request = _request(limits=Limits(max_output_tokens=900))
    assert needs_of(request).context_tokens == request.estimated_tokens + 900


def test_a_bound_sent_as_a_matter_of_course_does_not_exclude_small_windows() -> None:
    request = _request(limits=Limits(max_output_tokens=32_000))
    assert needs_of(request).context_tokens == request.estimated_tokens + MOST_ANSWER_TOKENS


async def test_a_reading_with_an_embedding_is_looked_up_in_its_workspace() -> None:
    near = (Neighbour("p/m", 0.9, 1.0, 60.0),)
    memory = ListMemory(near)
    reading = Reading("debugging", 0.8, 0.7, "python", b"\x00" * 4)
    features = await understand(_request(workspace="/w"), FixedUnderstanding(reading), memory)
    assert memory.searches == [(reading.embedding, "/w", NEIGHBOURS)]
    assert features.neighbours == near
    assert features.reading == reading
    assert features.input_tokens == _request().estimated_tokens
    assert features.understand_ms >= 0


async def test_without_an_embedding_nothing_is_looked_up() -> None:
    memory = ListMemory((Neighbour("p/m", 0.9, 1.0, 60.0),))
    features = await understand(_request(), FixedUnderstanding(Reading()), memory)
    assert memory.searches == []
    assert features.neighbours == ()
    assert features.reading.task == "other"


@pytest.mark.parametrize(
    ("task", "expected"), [("completion", "completion"), ("debugging", "interactive")]
)
async def test_completions_are_in_a_hurry(task: Any, expected: str) -> None:
    features = await understand(_request(), FixedUnderstanding(Reading(task)), ListMemory())
    assert features.latency_class == expected


async def test_a_gap_to_be_filled_is_a_completion_and_nobody_is_asked() -> None:
    understanding = FixedUnderstanding(Reading("debugging"))
    features = await understand(_request(suffix="\n"), understanding, ListMemory())
    assert (features.reading.task, features.latency_class) == ("completion", "completion")
    assert features.reading.task_confidence == 1.0
    assert understanding.requests == []


async def test_texts_to_be_embedded_need_room_for_the_longest_alone() -> None:
    texts = (Message("user", (Text("x" * 330),)), Message("user", (Text("y"),)))
    understanding = FixedUnderstanding()
    features = await understand(_request(*texts, embeds=True), understanding, ListMemory())
    assert features.needs == Needs(embeds=True, context_tokens=100)
    assert understanding.requests == []


async def test_features_hold_no_prompt_text() -> None:
    request = _request(Message("user", (Text("my private prompt"),)))
    features = await understand(request, FixedUnderstanding(), ListMemory())
    assert "private" not in repr(features)


async def test_an_inherited_reading_is_taken_as_it_is_and_nobody_is_asked() -> None:
    understanding, memory = FixedUnderstanding(Reading("review", 0.9)), ListMemory()
    before = Reading("debugging", 0.8, 0.5, "python", b"\x01" * 4)
    features = await understand(_request(), understanding, memory, before)
    assert (features.reading, features.neighbours) == (before, ())
    assert understanding.requests == []
    assert memory.searches == []
