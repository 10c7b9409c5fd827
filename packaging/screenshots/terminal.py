"""Pictures of the command line, from a real daemon: `python packaging/screenshots/terminal.py`.

Each command runs on a terminal of its own (a pseudo-terminal of 100 columns); what it writes is
drawn as SVG, with its colours. Needs dbus-run-session and gnome-keyring-daemon.
"""

import argparse
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from demo_house import ROOT, Desk, desk, on_a_session_bus
from terminal_svg import svg

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


def ail(home: Path) -> None:
    """Make what doctor is for: an address somebody changed, and a key that lies about."""
    path = home / ".claude" / "settings.json"
    text = path.read_text("utf-8")
    path.write_text(re.sub(r"(http://127\.0\.0\.1:\d+)", r"\1/v1", text), encoding="utf-8")
    (home / ".zshrc").write_text(f"export OPENAI_API_KEY=sk-{'0' * 40}\n", encoding="utf-8")


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
            if name == "doctor":
                ail(here.home)
            text = seen(here, arguments, wanted.columns)
            text = text.replace(str(here.home), "/home/ada")
            picture = svg(text, "routerd " + " ".join(arguments), wanted.columns)
            (wanted.out / f"{name}.svg").write_text(picture, encoding="utf-8")
            if wanted.text:
                print(text)


if __name__ == "__main__":
    main()
