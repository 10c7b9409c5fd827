"""Where things are and how this product's own programs are started; it starts nothing itself."""

import os
import sys
from pathlib import Path

import platformdirs


def home() -> Path:
    """Return the home of the daemon, found as the daemon finds it."""
    chosen = os.environ.get("ROUTERD_HOME")
    found = Path(chosen) if chosen else usual_home()
    return found.expanduser().absolute()


def usual_home() -> Path:
    """Return the home where nobody has chosen another."""
    return Path(platformdirs.user_data_dir("routerd", appauthor=False))


def routerd(*arguments: str) -> list[str]:
    """Return the command line of `routerd` with these arguments."""
    return [*_program("routerd"), *arguments]


def tray(*arguments: str) -> list[str]:
    """Return the command line of this tray."""
    return [*_program("tray"), *arguments]


def _program(name: str) -> list[str]:
    if getattr(sys, "frozen", False):
        # An installed bundle: its programs lie beside each other.
        suffix = ".exe" if os.name == "nt" else ""
        wanted = "routerd" if name == "routerd" else "routerd-tray"
        return [str(Path(sys.executable).with_name(wanted + suffix))]
    # -P: a folder of that name where it is started must not be taken for the program.
    return [_interpreter(name), "-P", "-m", name]


def _interpreter(name: str) -> str:
    """Return this Python; on Windows the one without a console window for the tray."""
    if os.name == "nt" and name == "tray":
        quiet = Path(sys.executable).with_name("pythonw.exe")
        if quiet.exists():
            return str(quiet)
    return sys.executable
