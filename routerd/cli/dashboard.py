"""Opens the dashboard in the browser, with a link that works once."""

import argparse
import json
import os
import sys
import webbrowser

from routerd.client import DaemonClient
from routerd.settings import places


def run(arguments: argparse.Namespace) -> int:
    """Open it, or print the link."""
    client = DaemonClient(places.find().home)
    if arguments.json:
        print(json.dumps(client.dashboard_link(arguments.to)))
        return 0
    if (
        not arguments.print
        and has_screen()
        and webbrowser.open(client.dashboard_address(arguments.to))
    ):
        print("The dashboard is opening in your browser.")
        return 0
    link = client.dashboard_link(arguments.to)
    print(link["url"])
    print(f"It works once, within {link['expires_s'] / 60:g} minutes.", file=sys.stderr)
    return 0


def has_screen() -> bool:
    """Whether there is somewhere to show a window; a browser in the terminal is no help."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
