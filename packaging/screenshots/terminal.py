"""Pictures of the command line, from a real daemon: `python packaging/screenshots/terminal.py`.

Each command runs on a terminal of its own (a pseudo-terminal of 100 columns); what it writes is
drawn as SVG, with its colours. Needs dbus-run-session and gnome-keyring-daemon.
"""

import argparse
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path

from demo_house import ROOT, Desk, desk, on_a_session_bus

COLUMNS, LINES = 100, 60
PICTURES: dict[str, tuple[str, ...]] = {
    "help": ("--help",),
    "status": ("status",),
    "models": ("models",),
    "why": ("why", "last"),
    "stats": ("stats", "--days", "14"),
    "doctor": ("doctor",),
}
QUESTION = "find the race condition in this worker pool; jobs are sometimes run twice"


def seen(here: Desk, arguments: tuple[str, ...], columns: int = COLUMNS) -> str:
    """Return what a person sees of a command: its output with colours, from a pseudo-terminal."""
    parent, child = pty.openpty()
    environment = {**here.environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment |= {"COLUMNS": str(columns), "LINES": str(LINES)}
    process = subprocess.Popen(
        [sys.executable, "-m", "routerd", *arguments],
        env=environment,
        cwd=here.home,
        stdin=subprocess.DEVNULL,
        stdout=child,
        stderr=subprocess.DEVNULL,  # progress; it goes when the work is done
        close_fds=True,
    )
    os.close(child)
    found = b""
    while True:
        try:
            data = os.read(parent, 65_536)
        except OSError:  # Linux says EIO where the other side has closed
            break
        if not data:
            break
        found += data
    process.wait()
    os.close(parent)
    return found.decode("utf-8", "replace").replace("\r\n", "\n")


def draw(text: str, title: str, path: Path, columns: int = COLUMNS) -> None:
    """Write the picture of a terminal."""
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    with Path(os.devnull).open("w", encoding="utf-8") as nothing:
        console = Console(record=True, width=columns, file=nothing, color_system="truecolor")
        console.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=True)
        svg = console.export_svg(title=title, theme=MONOKAI, unique_id=path.stem)
    path.write_text(svg, encoding="utf-8")


def main() -> None:
    """Make all pictures, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(PICTURES))
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--columns", type=int, default=COLUMNS)
    parser.add_argument("--text", action="store_true", help="print what is seen as well")
    wanted = parser.parse_args()
    on_a_session_bus(Path(__file__).resolve())
    wanted.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        desk(Path(folder) / "ada", requests=wanted.requests) as here,
    ):
        here.routerd("connect", "claude-code")
        for _ in range(2):  # the first of a daemon loads what later ones share
            here.routerd("ask", QUESTION)
        for name in wanted.names:
            arguments = PICTURES[name]
            text = seen(here, arguments, wanted.columns)
            text = text.replace(str(here.home), "/home/ada")
            draw(text, "routerd " + " ".join(arguments), wanted.out / f"{name}.svg", wanted.columns)
            if wanted.text:
                print(text)


if __name__ == "__main__":
    main()
