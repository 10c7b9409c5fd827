"""A model's tool arguments as the object some dialects demand."""

from typing import Any

from routerd.core.errors import ProviderFailed
from routerd.dialects import strict_json


def as_object(name: str, arguments: str) -> dict[str, Any]:
    """Return the arguments of a finished call.

    Raises: ProviderFailed when they are no JSON object: neither may they be dropped, nor may a
    client run its tool with something the model did not write.
    """
    if not arguments.strip():
        return {}
    try:
        value = strict_json.loads(arguments)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ProviderFailed(
            f"the model called tool '{name[:60]}' with arguments that are no JSON object; "
            "ask again, or ask another model",
            "protocol",
        )
    return value


def complete(arguments: str) -> bool:
    """Whether the text is a whole JSON object by now."""
    if not arguments.rstrip().endswith("}"):
        return False
    try:
        return isinstance(strict_json.loads(arguments), dict)
    except ValueError:
        return False
