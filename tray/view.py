"""What a face shows: values only. A face knows how to show a View, and nothing of routerd."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["stopped", "paused", "busy", "offline", "cloud", "local"]
KINDS: tuple[Kind, ...] = ("stopped", "paused", "busy", "offline", "cloud", "local")


@dataclass(frozen=True, slots=True)
class Look:
    """What the icon says.

    `busy`: a cloud answers now; `cloud`: one may be asked; `local`: nothing but this machine and
    the user's own hosts can be asked just now. `degraded` and `refused` are marks on top: something
    is wrong, and something tried to leave and was stopped.
    """

    kind: Kind
    degraded: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """What a click asks for; `name` is a key of `actions.ACTIONS` or one of `app`'s own."""

    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the menu.

    `checked` is None for an item without a mark; `radio` makes it one of a group. Without an
    action and children it is text. An empty label is a separator. `default` is what a click on
    the icon itself does where no menu can be shown.
    """

    label: str
    action: Action | None = None
    checked: bool | None = None
    radio: bool = False
    enabled: bool = True
    children: "tuple[Item, ...]" = ()
    default: bool = False

    @property
    def separator(self) -> bool:
        """Whether it is only a line."""
        return not self.label

    @property
    def active(self) -> bool:
        """Whether a click on it does something."""
        return self.enabled and (self.action is not None or bool(self.children))


SEPARATOR = Item("")


@dataclass(frozen=True, slots=True)
class View:
    """Icon, tooltip and menu. `title` is one line."""

    look: Look
    title: str
    items: tuple[Item, ...] = field(default=())


def default_action(view: View) -> Action | None:
    """Return what a click on the icon does where there is no menu."""
    return next((item.action for item in view.items if item.default), None)
