"""The menu under ids that are never given to another item."""

from dataclasses import replace

from tests.tray.status_samples import CLOUD, DECISIONS, OFFLINE, PAUSED
from tray import menu
from tray.dbusmenu import ROOT, MenuModel, Node
from tray.menu import Own
from tray.view import Action, Item


def shown(*items: Item) -> MenuModel:
    model = MenuModel()
    model.show(items)
    return model


def flat(node: Node) -> dict[str, int]:
    number, properties, children = node
    found = {str(properties.get("label", ("", f"#{number}"))[1]): number}
    for _, child in children:
        found |= flat(child)
    return found


def test_a_layout_says_of_each_item_what_a_panel_needs() -> None:
    model = shown(
        Item("Offline mode", Action("offline", "on"), checked=True),
        Item(""),
        Item("my_model & more"),
        Item("Profile", children=(Item("best", Action("profile", "best"), False, radio=True),)),
        Item("Wait", Action("stop"), enabled=False),
    )
    _, root, children = model.layout(ROOT, -1, [])
    assert root == {"children-display": ("s", "submenu")}
    assert [properties for _, (_, properties, _) in children] == [
        {
            "label": ("s", "Offline mode"),
            "toggle-type": ("s", "checkmark"),
            "toggle-state": ("i", 1),
        },
        {"type": ("s", "separator")},
        {"label": ("s", "my__model & more"), "enabled": ("b", False)},
        {"label": ("s", "Profile"), "children-display": ("s", "submenu")},
        {"label": ("s", "Wait"), "enabled": ("b", False)},
    ]
    below = children[3][1][2][0][1]
    assert below[1]["toggle-type"] == ("s", "radio")
    assert model.layout(ROOT, 0, [])[2] == []
    assert model.layout(ROOT, 1, [])[2][3][1][2] == []


def test_a_revision_is_new_only_where_something_changed() -> None:
    model = shown(Item("a", Action("stop")))
    first = model.revision
    assert not model.show((Item("a", Action("stop")),))
    assert model.revision == first
    assert model.show((Item("b", Action("stop")),))
    assert model.revision == first + 1


def test_an_id_never_comes_to_mean_something_else() -> None:
    meant: dict[int, Action | None] = {}
    model = MenuModel()
    for status in (CLOUD, None, OFFLINE, replace(CLOUD, decisions=DECISIONS), PAUSED, CLOUD):
        model.show(menu.items(status, Own(starts_at_login=False)))
        for number in flat(model.layout(ROOT, -1, [])).values():
            action = model.action(number)
            assert meant.setdefault(number, action) == action
    assert {action.name for action in meant.values() if action} >= {"offline", "stop", "quit"}


def test_a_late_click_on_what_is_gone_does_nothing() -> None:
    model = shown(Item("Resume", Action("resume")), Item("Stop", Action("stop")))
    gone = flat(model.layout(ROOT, -1, []))["Resume"]
    assert model.action(gone) == Action("resume")
    model.show((Item("Stop", Action("stop")),))
    assert model.action(gone) is None
    assert not model.knows(gone)


def test_properties_are_given_for_the_ids_and_names_asked_for() -> None:
    model = shown(Item("a", Action("stop")), Item("b"))
    numbers = flat(model.layout(ROOT, -1, []))
    assert model.group([numbers["b"], 999], ["label"]) == [(numbers["b"], {"label": ("s", "b")})]
    assert [number for number, _ in model.group([], [])] == [ROOT, numbers["a"], numbers["b"]]
