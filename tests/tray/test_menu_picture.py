"""Where each line of the drawn menu lies, and that it looks as it should."""

import pytest
from PIL import ImageChops

from tray.menu_picture import LINE, ROW, MenuPicture
from tray.view import Action, Item

LIST = Item("Profile", children=(Item("best", Action("profile", "best"), True, radio=True),))
ITEMS = (
    Item("routerd: offline"),
    Item(""),
    Item("Offline mode", Action("offline", "off"), checked=True),
    LIST,
    Item("Quit", Action("quit")),
)


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_every_line_is_found_where_it_is_drawn(scale: float) -> None:
    picture = MenuPicture(ITEMS, scale=scale)
    rows = picture.rows()
    assert [row.item for row in rows] == list(ITEMS)
    assert [row.height for row in rows] == [
        round(scale * (ROW if i.label else LINE)) for i in ITEMS
    ]
    for row in rows:
        assert picture.at(row.top) == row
        assert picture.at(row.top + row.height - 1) == row
    assert picture.at(0) is None
    assert picture.at(picture.size[1]) is None
    assert picture.draw().size == picture.size


def test_a_list_opens_in_place_and_the_menu_keeps_its_width() -> None:
    picture = MenuPicture(ITEMS)
    width, height = picture.size
    picture.toggle(LIST)
    assert [row.item.label for row in picture.rows()][3:5] == ["Profile", "best"]
    assert picture.rows()[4].depth == 1
    assert picture.size == (width, height + ROW)
    picture.toggle(LIST)
    assert picture.size == (width, height)


def test_what_is_checked_pointed_at_or_dark_can_be_seen() -> None:
    picture = MenuPicture(ITEMS)
    plain = picture.draw()
    row = picture.rows()[2]
    marked = ImageChops.difference(plain, picture.draw(row.item)).getbbox()
    assert marked is not None
    assert (row.top, row.top + row.height) == (marked[1], marked[3])
    unchecked = MenuPicture((*ITEMS[:2], Item("Offline mode", Action("offline")), *ITEMS[3:]))
    assert ImageChops.difference(plain, unchecked.draw()).getbbox() is not None
    dark = MenuPicture(ITEMS, dark=True).draw().convert("L").getpixel((5, 5))
    assert isinstance(dark, int)
    assert dark < 80
    # A line that does nothing is not marked.
    assert picture.draw(ITEMS[0]).tobytes() == plain.tobytes()
