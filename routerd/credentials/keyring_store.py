"""Reads and writes secrets in the OS keyring; each is bound to the origin it may be sent to."""

import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from routerd.core.errors import RouterdError

SERVICE = "routerd"
# A locked keyring can wait for a prompt that nobody sees.
TIMEOUT_S = 5.0
# By class, not by name: keyrings.alt installs itself as the default and stores plaintext.
_TRUSTED = (
    "keyring.backends.SecretService",
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
    "keyring.backends.macOS",
    "keyring.backends.Windows",
    "keyring.backends.chainer",
)
# What keyring raises where the collection stays locked (by name: importing it costs 110 ms).
_LOCKED = ("KeyringLocked", "InitError", "LockedException", "PromptDismissedException")
NO_BUS = (
    "there is no keyring here: no session bus (DBUS_SESSION_BUS_ADDRESS is not set). On a machine "
    "without a desktop start one with `dbus-run-session` and gnome-keyring"
)


def origin_of(url: str) -> str:
    """Return scheme://host:port of `url`, the default port written out."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _without_bus() -> bool:
    return sys.platform.startswith("linux") and not os.environ.get("DBUS_SESSION_BUS_ADDRESS")


def _backends(backend: Any) -> list[Any]:
    """Return the backends a chainer asks, or the backend itself."""
    inner = getattr(backend, "backends", None)
    return list(inner) if inner else [backend]


def _entry(text: str) -> dict[str, str] | None:
    """Return origin and secret of what `set` stored; None for anything else."""
    try:
        entry = json.loads(text)
    except ValueError:
        return None
    if not isinstance(entry, dict):
        return None
    whole = all(isinstance(entry.get(field), str) for field in ("origin", "secret"))
    return entry if whole else None


class KeyringStore:
    """A CredentialStore over the OS keyring. `backend` is for tests; None asks the system."""

    def __init__(self, backend: Any = None, *, trusted: tuple[str, ...] = _TRUSTED) -> None:
        self._given = backend
        self._trusted = trusted
        # Several providers ask at once, each from a thread of its own.
        self._told = threading.local()

    @property
    def trouble(self) -> str:
        """Why the last `get` of this thread found nothing; '' where it did."""
        return str(getattr(self._told, "text", ""))

    def _backend(self) -> Any:
        import keyring  # costs 110 ms; most starts need no secret

        backend = keyring.get_keyring() if self._given is None else self._given
        for part in _backends(backend):
            module = type(part).__module__
            if not any(f"{module}.".startswith(f"{home}.") for home in self._trusted):
                if module == "keyring.backends.fail" and _without_bus():
                    raise RouterdError(f"The keyring can't be used: {NO_BUS}.")
                raise RouterdError(
                    f"The keyring backend {module} is not one that keeps secrets safe; "
                    "set up Secret Service (gnome-keyring, KWallet), Keychain or "
                    "Credential Manager."
                )
        return backend

    def get(self, name: str, origin: str) -> str | None:
        """Return the secret when it is bound to `origin`; None otherwise, with `trouble` set."""
        try:
            text = self._bounded(lambda: self._backend().get_password(SERVICE, name))
        except RouterdError as error:
            self._told.text = error.message
            return None
        if text is None:
            self._told.text = f"no key named {name} in the keyring; `routerd keys set {name}`"
            return None
        entry = _entry(text)
        if entry is None:
            self._told.text = f"the key {name} was not stored by routerd; `routerd keys set {name}`"
            return None
        if entry["origin"] != origin:
            self._told.text = f"the key {name} belongs to another address than {origin}"
            return None
        self._told.text = ""
        return entry["secret"]

    def check(self) -> tuple[str, str]:
        """Return (the backend's class, '' or why it can't be used); asks for a key nobody has."""
        names: list[str] = []

        def ask() -> None:
            backend = self._backend()
            for part in _backends(backend):
                names.append(f"{type(part).__module__}.{type(part).__name__}")
            backend.get_password(SERVICE, "no-such-key")

        try:
            self._bounded(ask)
        except RouterdError as error:
            return ", ".join(names), error.message
        return ", ".join(names), ""

    def set(self, name: str, origin: str, secret: str) -> None:
        """Store a secret. Raises: RouterdError when no trusted keyring answers."""
        entry = json.dumps({"origin": origin, "secret": secret})
        self._bounded(lambda: self._backend().set_password(SERVICE, name, entry))

    def delete(self, name: str) -> None:
        """Remove a secret. Raises: RouterdError when it isn't there."""
        self._bounded(lambda: self._delete(name))

    def _delete(self, name: str) -> None:
        backend = self._backend()
        if backend.get_password(SERVICE, name) is None:
            raise RouterdError(f"There is no key named {name} in the keyring.")
        backend.delete_password(SERVICE, name)

    def _bounded(self, ask: Callable[[], Any]) -> Any:
        """Run `ask` in a thread of its own for at most TIMEOUT_S. Raises: RouterdError."""
        result: list[Any] = []
        failure: list[BaseException] = []

        def run() -> None:
            try:
                result.append(ask())
            except Exception as error:  # noqa: BLE001  # backends raise what they like
                failure.append(error)

        # A daemon thread: a keyring that hangs must not keep the process from ending.
        thread = threading.Thread(target=run, name="keyring", daemon=True)
        thread.start()
        thread.join(TIMEOUT_S)
        if thread.is_alive():
            raise RouterdError(f"The keyring did not answer within {TIMEOUT_S:g} s; is it locked?")
        if failure:
            error = failure[0]
            if isinstance(error, RouterdError):
                raise error
            if type(error).__name__ in _LOCKED:
                raise RouterdError("The keyring is locked; unlock it, or log in to the desktop.")
            # The text of a backend's error could quote what was stored.
            raise RouterdError(f"The keyring failed: {type(error).__name__}.")
        return result[0]
