"""The menu as com.canonical.dbusmenu serves it: bodies and ids, no connection.

A panel may show a menu that has changed meanwhile, so an id belongs to what an item does and is
never given to another: a late click must not stop the daemon because it once opened a list.
Source: libdbusmenu's dbus-menu.xml, version 3.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from tray.view import Action, Item

VERSION = 3
Variant = tuple[str, Any]
Node = tuple[int, dict[str, Variant], list[Variant]]
ROOT = 0


class MenuModel:
    """The items of the newest view under their ids."""

    def __init__(self) -> None:
        self.revision = 1
        self._items: tuple[Item, ...] = ()
        self._ids: dict[tuple[Any, ...], int] = {}
        self._shown: dict[int, Item] = {}
        self._children: dict[int, list[int]] = {ROOT: []}

    def show(self, items: tuple[Item, ...]) -> bool:
        """Take the items of a new view; True where they differ from the ones before."""
        if items == self._items:
            return False
        self.revision += 1
        self._items = items
        self._shown, self._children = {}, {}
        self._children[ROOT] = [self._take(item, ROOT, n) for n, item in enumerate(items)]
        return True

    def _take(self, item: Item, parent: int, place: int) -> int:
        # What does nothing is told apart by its place; a click on it has no effect anyway.
        key = (parent, item.action or ("list" if item.children else "text"), *_place(item, place))
        number = self._ids.setdefault(key, len(self._ids) + 1)
        self._shown[number] = item
        self._children[number] = [
            self._take(child, number, n) for n, child in enumerate(item.children)
        ]
        return number

    def action(self, number: int) -> Action | None:
        """Return what a click on that id does now; None for what is gone or does nothing."""
        item = self._shown.get(number)
        return item.action if item is not None and item.enabled else None

    def knows(self, number: int) -> bool:
        """Whether there is such an item now."""
        return number == ROOT or number in self._shown

    def layout(self, number: int, depth: int, names: Sequence[str]) -> Node:
        """Return the item and what lies below it, `depth` levels deep, -1 all."""
        below = [] if depth == 0 else self._children.get(number, [])
        nodes = [("(ia{sv}av)", self.layout(child, depth - 1, names)) for child in below]
        return number, self.properties(number, names), nodes

    def properties(self, number: int, names: Sequence[str] = ()) -> dict[str, Variant]:
        """Return the properties that differ from their defaults; `names` empty means all."""
        if number == ROOT:
            found: dict[str, Variant] = {"children-display": ("s", "submenu")}
        else:
            found = _properties(self._shown[number])
        return {name: value for name, value in found.items() if not names or name in names}

    def group(
        self, numbers: Iterable[int], names: Sequence[str]
    ) -> list[tuple[int, dict[str, Variant]]]:
        """Return the properties of several items, of all where `numbers` is empty."""
        wanted = [n for n in numbers if self.knows(n)] or [ROOT, *self._shown]
        return [(number, self.properties(number, names)) for number in wanted]


def _place(item: Item, place: int) -> tuple[int, ...]:
    return () if item.action else (place,)


def _properties(item: Item) -> dict[str, Variant]:
    if item.separator:
        return {"type": ("s", "separator")}
    # An underscore would mark the next letter as a shortcut.
    found: dict[str, Variant] = {"label": ("s", item.label.replace("_", "__"))}
    if not item.active:
        found["enabled"] = ("b", False)
    if item.checked is not None:
        found["toggle-type"] = ("s", "radio" if item.radio else "checkmark")
        found["toggle-state"] = ("i", int(item.checked))
    if item.children:
        found["children-display"] = ("s", "submenu")
    return found
