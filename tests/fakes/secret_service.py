"""A real Secret Service (gnome-keyring) on a session bus of its own, for one script at a time."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAMS = ("dbus-run-session", "gnome-keyring-daemon")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
WHY_SKIPPED = f"a real Secret Service needs {', '.join(MISSING) or 'Linux'} (see .ci/run)"
AVAILABLE = sys.platform.startswith("linux") and not MISSING
PASSWORD = "the-keyrings-own-password"  # noqa: S105  # of a keyring in a temporary directory
UNLOCKED = f"printf '{PASSWORD}' | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null"
# Started like this it has no password, and its prompt has no display: it stays locked.
LOCKED = "gnome-keyring-daemon --start --components=secrets >/dev/null"


def run(
    home: Path, script: str, *, start: str = UNLOCKED, stdin: str = "", timeout_s: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run a shell script on a new session bus; `$PY` is this Python, HOME is `home`.

    What the keyring stores stays in `home` for the next script.
    """
    runtime = home / "xdg-run"
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "ROUTERD_HOME": str(home / "routerd"),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_DATA_HOME": str(home / "data"),
        "PY": sys.executable,
        "LANG": "C.UTF-8",
    }
    whole = f"set -e; {start}; {script}; "
    return subprocess.run(
        [shutil.which("dbus-run-session") or "", "--", "/bin/bash", "-c", whole],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout_s,
        check=False,
    )
