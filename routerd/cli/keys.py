"""`keys`: an API key goes from the terminal or stdin into the OS keyring, and nowhere else."""

import argparse
import contextlib
import getpass
import json
import sys
from pathlib import Path

from routerd.client import DaemonClient, DaemonError, NotRunning
from routerd.core.config import Config
from routerd.core.errors import RouterdError
from routerd.core.spelling import did_you_mean
from routerd.credentials import plaintext
from routerd.credentials.keyring_store import KeyringStore, origin_of
from routerd.settings import clouds, known_keys, load, places
from routerd.settings.places import Places

MAX_KEY_CHARACTERS = 16_384


def run(arguments: argparse.Namespace) -> int:
    """Store, list or remove keys. Raises: RouterdError."""
    here = places.find()
    if arguments.action == "list":
        return _list(here, as_json=arguments.json)
    if arguments.action == "find":
        return _find(as_json=arguments.json)
    if not arguments.name:
        raise RouterdError(f"Which key? `routerd keys {arguments.action} NAME`.")
    return _remove(here, arguments.name) if arguments.action == "rm" else _set(here, arguments.name)


def _set(here: Places, name: str) -> int:
    origin = _origin(load.load(here.config), name, str(here.config))
    KeyringStore().set(name, origin, _secret(name))
    places.private_directory(here.home)
    known_keys.add(here.home, name, origin)
    _tell_daemon(here)
    print(f"The key {name} is in the keyring and will only be sent to {origin}.")
    return 0


def _remove(here: Places, name: str) -> int:
    known = known_keys.load(here.home)
    try:
        KeyringStore().delete(name)
    except RouterdError:
        if name not in known:
            raise
        # Gone from the keyring by another way: then it must not be listed either.
        known_keys.remove(here.home, name)
        raise
    known_keys.remove(here.home, name)
    _tell_daemon(here)
    print(f"The key {name} is removed.")
    return 0


def _list(here: Places, *, as_json: bool) -> int:
    """Print names, where each may be sent, and whether it can be read; never a key."""
    store = KeyringStore()
    rows = []
    for name, origin in known_keys.load(here.home).items():
        readable = store.get(name, origin) is not None
        rows.append({"name": name, "origin": origin, "usable": readable, "why": store.trouble})
    if as_json:
        print(json.dumps(rows, indent=2))
        return 0
    if not rows:
        print("No keys are stored. `routerd keys set anthropic` stores one.")
    for row in rows:
        state = "in the keyring" if row["usable"] else f"not usable: {row['why']}"
        print(f"{row['name']:<16} {row['origin']:<48} {state}")
    return 0


def _find(*, as_json: bool) -> int:
    """Print where keys lie in plain text, and how to move each; never a key."""
    found = plaintext.find(Path.home())
    if as_json:
        rows = [{"vendor": f.vendor, "path": str(f.path), "line": f.line} for f in found]
        print(json.dumps(rows, indent=2))
        return 0
    for one in found:
        print(f"{one.path}:{one.line}: a key of {one.vendor} in plain text")
    if found:
        print("`routerd keys set VENDOR` moves one into the keyring; then take it out of the file.")
    else:
        print("No keys in plain text were found.")
    return 0


def _origin(config: Config, name: str, file: str) -> str:
    """Return where the key may be sent. Raises: RouterdError."""
    for provider in map(clouds.completed, config.provider):
        if provider.key == name and provider.base_url:
            return origin_of(provider.base_url)
    if (cloud := clouds.CLOUDS.get(name)) is not None:
        return origin_of(cloud.base_url)
    raise RouterdError(
        f"'{name[:64]}' is none of {', '.join(clouds.CLOUDS)}, and no [[provider]] in {file} "
        f'has key = "{name[:64]}" and a base_url; a key is bound to the address it may be sent to.'
        f"{did_you_mean(name, clouds.CLOUDS)}"
    )


def _secret(name: str) -> str:
    secret = getpass.getpass(f"Key {name}: ") if sys.stdin.isatty() else sys.stdin.readline()
    secret = secret.strip()
    if not secret:
        raise RouterdError("The key is empty; nothing was stored.")
    if len(secret) > MAX_KEY_CHARACTERS or not (secret.isascii() and secret.isprintable()):
        raise RouterdError("That is no API key (too long, or not plain text); nothing was stored.")
    return secret


def _tell_daemon(here: Places) -> None:
    """Let a running daemon look again; without one there is nobody to tell."""
    with contextlib.suppress(NotRunning, DaemonError):
        DaemonClient(here.home).post("/control/reload")
