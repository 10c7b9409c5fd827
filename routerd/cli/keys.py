"""`keys`: an API key goes from the terminal or stdin into the OS keyring, and nowhere else."""

import argparse
import getpass
import sys

from routerd.core.errors import RouterdError
from routerd.credentials.keyring_store import KeyringStore, origin_of
from routerd.settings import load, places


def run(arguments: argparse.Namespace) -> int:
    """Store or remove one key. Raises: RouterdError."""
    store = KeyringStore()
    if arguments.action == "rm":
        store.delete(arguments.name)
        print(f"The key {arguments.name} is removed.")
        return 0
    here = places.find()
    config = load.load(here.config)
    bound = next((p for p in config.provider if p.key == arguments.name and p.base_url), None)
    if bound is None:
        raise RouterdError(
            f'No [[provider]] in {here.config} has key = "{arguments.name}" and a base_url; '
            "a key is bound to the address it may be sent to."
        )
    origin = origin_of(bound.base_url)
    store.set(arguments.name, origin, _secret(arguments.name))
    print(f"The key {arguments.name} is in the keyring and will only be sent to {origin}.")
    return 0


def _secret(name: str) -> str:
    secret = getpass.getpass(f"Key {name}: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not secret.strip():
        raise RouterdError("The key is empty; nothing was stored.")
    return secret.strip()
