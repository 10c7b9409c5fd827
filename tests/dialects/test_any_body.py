"""Whatever JSON a client sends to whatever door: it is read, or refused by name, and no more."""

import contextlib
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routerd.core.errors import InvalidRequest
from routerd.dialects import (
    anthropic_door,
    embeddings_door,
    ollama_door,
    openai_chat_door,
    openai_completions_door,
    openai_responses_door,
)
from tests.dialects.test_round_trips import CLIENTS

Decode = Callable[[bytes], Any]
DOORS: dict[str, Decode] = {
    "anthropic": anthropic_door.decode_request,
    "openai": openai_chat_door.decode_request,
    "openai_responses": openai_responses_door.decode_request,
    "openai_completions": openai_completions_door.decode_request,
    "ollama": ollama_door.decode_chat,
    "ollama_generate": ollama_door.decode_generate,
    "embeddings": embeddings_door.decode_openai,
    "ollama embeddings": embeddings_door.decode_ollama,
}
GOOD: dict[str, dict[str, Any]] = {
    **{name: wire() for name, (_, wire) in CLIENTS.items()},
    "openai_completions": {
        "model": "x",
        "prompt": ["a"],
        "suffix": "b",
        "max_tokens": 5,
        "logprobs": 2,
        "stop": ["x"],
        "stream": True,
        "stream_options": {"include_usage": True},
    },
    "ollama_generate": {
        "model": "x",
        "prompt": "a",
        "system": "s",
        "suffix": "b",
        "images": ["iVBORw0KGgo="],
        "think": "low",
        "format": "json",
        "options": {"stop": ["x"], "seed": 1},
    },
    "embeddings": {"input": ["a", "b"], "model": "x", "dimensions": 5},
    "ollama embeddings": {"prompt": "a"},
}
WRONG: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    [],
    [1],
    {},
    {"a": 1},
    [{}],
    [{"type": "x"}],
    {"type": "x"},
]


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, child in inner:
        found.append((*at, key))
        if isinstance(child, dict | list):
            found += _places(child, (*at, key))
    return found


def _with(value: Any, place: tuple[Any, ...], wrong: Any) -> Any:
    changed = copy.deepcopy(value)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = wrong
    return changed


@pytest.mark.parametrize("name", DOORS)
def test_the_good_bodies_are_read(name: str) -> None:
    DOORS[name](json.dumps(GOOD[name]).encode())


@pytest.mark.parametrize("name", DOORS)
def test_a_wrong_value_anywhere_is_read_or_refused_by_name(name: str) -> None:
    refused: list[InvalidRequest] = []
    for place in _places(GOOD[name]):
        for wrong in WRONG:
            body = json.dumps(_with(GOOD[name], place, wrong)).encode()
            try:
                DOORS[name](body)
            except InvalidRequest as error:
                refused.append(error)
    assert len(refused) > 10
    for error in refused:
        assert error.param, error
        assert len(str(error)) < 400


@settings(max_examples=80)
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["messages", "input", "content", "role", "type", "text", "tools", "prompt"]
                )
                | st.text(max_size=3),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    body = json.dumps(value).encode()
    for decode in DOORS.values():
        with contextlib.suppress(InvalidRequest):
            decode(body)


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"7", b'{"a":NaN}', b"[" * 9999])
def test_what_is_no_json_object_is_refused(name: str, body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        DOORS[name](body)


@pytest.mark.parametrize("name", ["anthropic", "openai", "openai_responses"])
def test_an_image_on_another_machine_is_never_fetched_here(name: str) -> None:
    address = "https://evil.test/x.png"
    source = {"type": "url", "url": address}
    bodies: dict[str, Any] = {
        "anthropic": {
            "messages": [{"role": "user", "content": [{"type": "image", "source": source}]}]
        },
        "openai": {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": address}}],
                }
            ]
        },
        "openai_responses": {
            "input": [{"role": "user", "content": [{"type": "input_image", "image_url": address}]}]
        },
    }
    body = json.dumps(bodies[name]).encode()
    if name == "openai":
        # Engines on this machine speak this dialect too, and would fetch it.
        with pytest.raises(InvalidRequest, match="does not fetch"):
            DOORS[name](body)
        return
    # Anthropic and OpenAI fetch it themselves, and nobody else gets the request.
    assert DOORS[name](body).native_only == "image by address"
