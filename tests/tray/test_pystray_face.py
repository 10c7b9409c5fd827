"""The menu as pystray gets it; what Windows and macOS do with it can't be run here."""

import os
import subprocess
import sys

SCRIPT = """
from tray.face import Handlers
from tray.pystray_face import PystrayFace
from tray.view import Action, Item, Look, View

chosen = []
face = PystrayFace(Handlers(chosen=chosen.append))
items = (
    Item("routerd: offline"),
    Item(""),
    Item("Offline mode", Action("offline", "off"), checked=True),
    Item("Profile", children=(Item("best", Action("profile", "best"), False, radio=True),)),
    Item("Open dashboard", Action("dashboard"), default=True),
)
face.show(View(Look("offline"), "routerd: offline", items))
import pystray
menu = pystray.Menu(face._items)
text, line, switch, profile, dashboard = menu
assert (text.text, text.enabled) == ("routerd: offline", False)
assert line is pystray.Menu.SEPARATOR
assert (switch.checked, switch.enabled) == (True, True)
assert [(i.text, i.checked, i.radio) for i in profile.submenu] == [("best", False, True)]
assert dashboard.default
switch(None)
next(iter(profile.submenu))(None)
menu(None)  # a click on the icon itself
assert chosen == [Action("offline", "off"), Action("profile", "best"), Action("dashboard")], chosen
assert not face.notify("title", "text")
"""


def test_pystray_gets_marks_lists_and_the_default_and_hands_clicks_back() -> None:
    # Its backend is chosen at import, and the one without a screen is for this.
    environment = {**os.environ, "PYSTRAY_BACKEND": "dummy", "PYTHONWARNINGS": "error"}
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
