"""python -m tray: shows the icon until it is quit; `--check` tells what it would do."""

import argparse
import json
import logging
import logging.handlers
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tray import autostart, backends, commands
from tray.app import App
from tray.lock import AlreadyShown, TrayLock

OK, FAILED = 0, 1
LOG_BYTES = 200_000


def parser() -> argparse.ArgumentParser:
    """Return the arguments."""
    found = argparse.ArgumentParser(
        prog="python -m tray", description="routerd's icon in the tray."
    )
    found.add_argument("--home", type=Path, help="routerd's home, if not the usual one")
    found.add_argument("--check", action="store_true", help="tell what would be shown, and end")
    found.add_argument("--json", action="store_true", help="with --check: as JSON")
    found.add_argument("--at-login", action="store_true", help="wait for a panel to appear")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run and return the exit code: 0 ended well or shown already, 1 nothing can be shown."""
    arguments = parser().parse_args(argv)
    if arguments.check:
        return _check(as_json=arguments.json)
    os.umask(0o077)
    home = (arguments.home or commands.home()).expanduser().absolute()
    lock = TrayLock(home)
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except AlreadyShown as error:
        _say(str(error))
        return OK
    except OSError as error:
        _say(f"{home} can't be used: {error.strerror}")
        return FAILED
    _log_to(home / "logs" / "tray.log")
    try:
        return _run(home, at_login=arguments.at_login)
    except backends.NoTray as error:
        logging.getLogger("tray").error(str(error))  # noqa: TRY400  # said to a person
        _say(str(error))
        return FAILED
    finally:
        _ready_file(home).unlink(missing_ok=True)
        lock.release()


def _run(home: Path, *, at_login: bool) -> int:
    chosen = backends.wait(backends.AT_LOGIN_S if at_login else 0.0)

    def shown() -> None:
        facts = {"pid": os.getpid(), "backend": chosen.name}
        _ready_file(home).write_text(json.dumps(facts), encoding="utf-8")

    app = App(home, backends.face(chosen), autostart.find(), shown)
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: app.face.stop())
    logging.getLogger("tray").info("shown by %s", chosen.name)
    app.run()
    return OK


def _ready_file(home: Path) -> Path:
    """Who starts a tray waits for this; it goes when the tray does."""
    return home / "run" / "tray.json"


def _log_to(path: Path) -> None:
    """Log into a file of bounded size: an icon has no terminal."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("PIL").setLevel(logging.WARNING)


def _check(*, as_json: bool) -> int:
    facts = backends.facts(autostart.find())
    if as_json:
        _say(json.dumps(facts, indent=2), to=sys.stdout)
    else:
        _say(str(facts["detail"]), to=sys.stdout)
        if facts["fix"]:
            _say(f"to mend it: {facts['fix']}", to=sys.stdout)
    return OK if facts["ok"] else FAILED


def _say(text: str, to: Any = None) -> None:
    # Windows' pythonw has neither.
    stream = to or sys.stderr
    if stream is not None:
        stream.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
