"""An error is told in the dialect that is spoken where it happened."""

import json
from typing import Any

import pytest

from routerd.core.errors import NotFound
from routerd.endpoints.error_bodies import error_body

ANTHROPIC: Any = {
    "type": "error",
    "error": {"type": "not_found_error", "message": "gone", "src": "routerd"},
}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/messages", ANTHROPIC),
        ("/v1/messages/count_tokens", ANTHROPIC),
        ("/api/chat", {"error": "gone", "src": "routerd"}),
    ],
)
def test_each_path_has_its_dialect(path: str, body: Any) -> None:
    assert json.loads(error_body(path, NotFound("gone"))) == body


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/mcp", "/", "/apiary"])
def test_everywhere_else_it_is_openais(path: str) -> None:
    assert json.loads(error_body(path, NotFound("gone")))["error"]["code"] == "model_not_found"
