"""Arguments are an object, or an error; when they are whole can be told."""

import pytest

from routerd.core.errors import ProviderFailed
from routerd.dialects.tool_arguments import as_object, complete


@pytest.mark.parametrize(("text", "value"), [("", {}), (" ", {}), ('{"a": 1}', {"a": 1})])
def test_an_object_is_read(text: str, value: object) -> None:
    assert as_object("f", text) == value


@pytest.mark.parametrize("text", ["{", "[]", "null", '"{}"', '{"a": Infinity}', "{} {}"])
def test_anything_else_is_an_error_that_names_the_tool_and_not_the_text(text: str) -> None:
    with pytest.raises(ProviderFailed, match="tool 'f'") as caught:
        as_object("f", text)
    assert caught.value.kind == "protocol"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", False),
        ("{", False),
        ("{}", True),
        ('{"a": {}', False),
        ('{"a": "}', False),
        ("[]", False),
    ],
)
def test_when_it_is_whole_is_known(text: str, whole: bool) -> None:
    assert complete(text) is whole
