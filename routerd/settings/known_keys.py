"""Which keys `routerd keys set` has stored, and for which address; never the keys themselves.

OS keyrings have no common way to list what is in them, and asking one that is locked at every
start would open its prompt: so the names are kept here, in a private file of routerd's home.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from routerd.core.errors import ConfigInvalid
from routerd.settings.places import write_private

FILE = "keys.json"


def load(home: Path) -> dict[str, str]:
    """Return key name -> origin (scheme://host:port). Raises: ConfigInvalid."""
    path = home / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigInvalid(
            f"{path} can't be read ({type(error).__name__}); remove it and store your keys again."
        ) from error
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise ConfigInvalid(f"{path} is no list of keys; remove it and store your keys again.")
    return found


def stamp(home: Path) -> int:
    """Return what changes whenever a key is stored or removed, also one stored anew."""
    try:
        return (home / FILE).stat().st_mtime_ns
    except OSError:
        return 0


def add(home: Path, name: str, origin: str) -> None:
    """Note that a key is stored. Raises: ConfigInvalid."""
    _save(home, {**load(home), name: origin})


def remove(home: Path, name: str) -> bool:
    """Forget a name; False where it was not known. Raises: ConfigInvalid."""
    names = load(home)
    if names.pop(name, None) is None:
        return False
    _save(home, names)
    return True


def _save(home: Path, names: Mapping[str, str]) -> None:
    try:
        write_private(home / FILE, json.dumps(dict(sorted(names.items())), indent=1) + "\n")
    except OSError as error:
        raise ConfigInvalid(f"{home / FILE} can't be written: {error.strerror}") from error
