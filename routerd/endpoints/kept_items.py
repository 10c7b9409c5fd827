"""Items of answers that clients of OpenAI's responses refer to later, in memory, for a while.

The API keeps answers unless told `store: false`, and some clients (the AI SDK) then send the id of
an item instead of it. What is kept is what models answered, never what they were asked; it goes with
the daemon, and before that when there is too much of it.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from routerd.dialects import passthrough, strict_json

MOST_ITEMS = 2000
MOST_BYTES = 16 * 1024 * 1024
_REFERENCE = b'"item_reference"'
# In a text, its quotes would have backslashes before them.
_NOT_KEPT = re.compile(rb'"store"\s*:\s*false')


class KeptItems:
    """The newest items by their id."""

    def __init__(self, most_items: int = MOST_ITEMS, most_bytes: int = MOST_BYTES) -> None:
        self._most_items, self._most_bytes = most_items, most_bytes
        self._items: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    @staticmethod
    def wanted(body: bytes) -> bool:
        """Whether the client lets its answer be kept."""
        return _NOT_KEPT.search(body) is None

    def keep(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Keep the items of an answer; the oldest go where there is no room."""
        for item in items:
            data = strict_json.dumps(item)
            self._bytes += len(data) - len(self._items.pop(item["id"], b""))
            self._items[item["id"]] = data
        while self._items and (
            len(self._items) > self._most_items or self._bytes > self._most_bytes
        ):
            self._bytes -= len(self._items.popitem(last=False)[1])

    def filled_in(self, body: bytes) -> bytes:
        """Return a request's body with the items that it refers to; unknown ones stay references.

        Raises: InvalidRequest.
        """
        if _REFERENCE not in body:
            return body
        told = strict_json.request_object(body).get("input")
        if not isinstance(told, list):
            return body
        items = [self._meant(item) for item in told]
        return body if items == told else passthrough.edited(body, {"input": items})

    def _meant(self, item: Any) -> Any:
        if not isinstance(item, dict) or item.get("type") != "item_reference":
            return item
        data = self._items.get(str(item.get("id")))
        return item if data is None else strict_json.loads(data)
