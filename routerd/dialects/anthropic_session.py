"""The conversation's name in the metadata of an Anthropic request."""

import re
from typing import Any

from routerd.dialects import strict_json

# Claude Code: user_HASH_account_UUID_session_UUID; newer versions write a JSON object.
_SESSION = re.compile(r"_session_([0-9A-Za-z-]{8,64})$")


def key(metadata: Any) -> str:
    """Return the session in `metadata`, '' where it names none; a mere user is no session."""
    if not isinstance(metadata, dict):
        return ""
    told = metadata.get("session_id")
    user = metadata.get("user_id")
    if not isinstance(told, str) and isinstance(user, str):
        told = _in_user(user)
    return told[:200] if isinstance(told, str) else ""


def _in_user(user: str) -> str:
    if found := _SESSION.search(user):
        return found[1]
    if not user.startswith("{"):
        return ""
    try:
        value = strict_json.loads(user)
    except ValueError:
        return ""
    told = value.get("session_id") if isinstance(value, dict) else ""
    return told if isinstance(told, str) else ""
