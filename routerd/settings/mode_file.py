"""The mode that a person switched on by command, kept across restarts; mode.json in the home."""

import json
from pathlib import Path

from routerd.settings.places import write_private


def offline(path: Path) -> bool:
    """Whether offline mode was switched on. A file that makes no sense counts as on."""
    try:
        plain = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    return not isinstance(plain, dict) or plain.get("offline") is not False


def write(path: Path, *, offline: bool) -> None:
    """Keep the mode. Raises: OSError."""
    write_private(path, json.dumps({"offline": offline}) + "\n")
