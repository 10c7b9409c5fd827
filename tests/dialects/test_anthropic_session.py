"""Which conversation it is, where the metadata says so."""

import json
from typing import Any

import pytest

from routerd.dialects.anthropic_session import key

UUID = "9b2e44d0-77aa-4c1e-8a11-6f2d7c0e9a55"


@pytest.mark.parametrize(
    ("metadata", "session"),
    [
        (None, ""),
        ({}, ""),
        ([], ""),
        ({"user_id": "u"}, ""),
        ({"user_id": f"user_1f_account_2a_session_{UUID}"}, UUID),
        ({"user_id": json.dumps({"session_id": UUID})}, UUID),
        ({"user_id": "{"}, ""),
        ({"user_id": "{}"}, ""),
        ({"user_id": '{"session_id": 7}'}, ""),
        ({"session_id": "s", "user_id": "x"}, "s"),
        ({"session_id": "s" * 500}, "s" * 200),
        ({"user_id": 7}, ""),
    ],
)
def test_a_session_is_read_and_a_user_is_none(metadata: Any, session: str) -> None:
    assert key(metadata) == session
