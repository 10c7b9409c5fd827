"""What only Anthropic's dialect says: effort, choices, server tools, documents, the billing line."""

import json
from typing import Any

import pytest

from routerd.core.errors import InvalidRequest
from routerd.core.request import Message, Request, ResponseFormat, Text
from routerd.dialects.anthropic_door import decode_request

HI = {"role": "user", "content": "hi"}


def _read(**fields: Any) -> Any:
    return decode_request(json.dumps({"messages": [HI], **fields}).encode())


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({}, ""),
        ({"thinking": {"type": "disabled"}}, "none"),
        ({"thinking": {"type": "adaptive"}}, "medium"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}}, "high"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 10_000}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 31_999}}, "high"),
        ({"output_config": {"effort": "low"}}, ""),
    ],
)
def test_how_much_to_think_is_read(fields: dict[str, Any], effort: str) -> None:
    assert _read(**fields).effort == effort


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        (None, ""),
        ({"type": "auto"}, "auto"),
        ({"type": "any"}, "required"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "name": "f"}, "f"),
    ],
)
def test_tool_choices_are_read(choice: Any, read: str) -> None:
    assert _read(tool_choice=choice).tool_choice == read


def test_one_call_at_a_time_is_read() -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert not _read(tool_choice=choice).parallel_tools
    assert _read().parallel_tools


def test_the_older_place_of_the_format_is_read() -> None:
    schema = {"type": "object"}
    request = _read(output_format={"type": "json_schema", "schema": schema})
    assert request.response_format == ResponseFormat("json_schema", schema=schema)


def test_a_billing_line_leaves_the_prompts_prefix_as_it_was() -> None:
    first, second = (
        _read(system=[{"type": "text", "text": f"x-anthropic-billing-header: cch={n}\nBe brief."}])
        for n in (1, 2)
    )
    assert first.messages == second.messages
    assert first.messages[0] == Message("system", (Text("Be brief."),))
    assert first.raw != second.raw


def test_a_text_document_is_text_and_another_only_anthropics() -> None:
    def asked(source: dict[str, str]) -> Any:
        document = {"type": "document", "source": source}
        return _read(messages=[{"role": "user", "content": [document]}])

    text = asked({"type": "text", "media_type": "text/plain", "data": "words"})
    assert (text.messages[0].text, text.native_only) == ("words", "")
    pdf = asked({"type": "base64", "media_type": "application/pdf", "data": "JVBE"})
    assert pdf.native_only == "document"


def test_a_schema_that_is_missing_and_a_bound_that_is_wrong_are_named() -> None:
    with pytest.raises(InvalidRequest, match=r"output_config\.format") as caught:
        _read(output_config={"format": {"type": "json_schema"}})
    assert caught.value.param == "output_config.format"
    with pytest.raises(InvalidRequest, match="budget_tokens"):
        _read(thinking={"type": "enabled", "budget_tokens": 0})


def _asking(block: dict[str, Any], **more: Any) -> Request:
    body = {"messages": [{"role": "user", "content": [block]}], **more}
    return decode_request(json.dumps(body).encode())


def test_a_document_of_text_keeps_its_title() -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "body"}
    block = {"type": "document", "source": source, "title": "t", "context": "c"}
    assert _asking(block).messages[0].parts == (Text("t\nc\nbody"),)
    cited = {**block, "citations": {"enabled": True}}
    assert _asking(cited).native_only == "document"


@pytest.mark.parametrize(
    "source", [{"type": "url", "url": "https://x/y.png"}, {"type": "file", "file_id": "f"}]
)
def test_an_image_elsewhere_is_anthropics_to_fetch(source: dict[str, Any]) -> None:
    assert _asking({"type": "image", "source": source}).native_only == "image by address"


def test_servers_of_tools_are_offers_and_strictness_is_read() -> None:
    request = _asking(
        {"type": "text", "text": "hi"},
        mcp_servers=[{"type": "url", "name": "wiki", "url": "https://x"}],
        tools=[{"name": "f", "input_schema": {"type": "object"}, "strict": True}],
    )
    assert request.left_out == ("wiki",)
    assert request.tools[0].strict
