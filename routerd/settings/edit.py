"""Changes one key of config.toml and leaves everything else, comments too, as it stands."""

from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from routerd.core.errors import ConfigInvalid
from routerd.settings import load
from routerd.settings.places import write_private


def set_key(path: Path, key: str, value: str) -> None:
    """Write `key = value` at the top level; the result must be valid settings, or nothing happens.

    Where the file is a symbolic link, as people keep their dotfiles, what it leads to is written.
    Raises: ConfigInvalid.
    """
    try:
        text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        document = tomlkit.parse(text)
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise ConfigInvalid(f"{path} can't be changed: {error}") from error
    if key in document:
        document[key] = value
    else:
        # At the end of the file it would belong to the last table.
        document = _first(key, value, text)
    changed = tomlkit.dumps(document)
    load.parse(changed, path)
    try:
        write_private(path.resolve(), changed)
    except OSError as error:
        raise ConfigInvalid(f"{path} can't be written: {error.strerror}") from error


def _first(key: str, value: str, text: str) -> tomlkit.TOMLDocument:
    line = tomlkit.dumps({key: value})
    return tomlkit.parse(line + ("\n" if text.lstrip().startswith("#") else "") + text)
