"""One secret as a provider holds it: asked of the keyring rarely, kept in memory, never shown."""

import time
from collections.abc import Callable

from typing_extensions import override

from routerd.core.ports import CredentialStore

# A keyring answers in 5 to 20 ms where it is well; a request should not pay that each time.
KEEP_S = 300.0
# A locked keyring may open a prompt: not again and again, and less and less often.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 900.0


class RememberedSecret:
    """Implements `providers.cloud.Secret` for one name and one origin; `get` may block.

    `trouble` says why there is none. `clock` counts seconds.
    """

    def __init__(
        self,
        store: CredentialStore,
        name: str,
        origin: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._name = name
        self._origin = origin
        self._clock = clock
        self._secret: str | None = None
        self._until_s = 0.0
        self._pause_s = FIRST_PAUSE_S
        self.trouble = ""

    @override
    def __repr__(self) -> str:
        return f"RememberedSecret({self._name!r}, {self._origin!r})"

    def get(self) -> str | None:
        """Return the secret, or None with `trouble` set."""
        now_s = self._clock()
        if now_s < self._until_s:
            return self._secret
        self._secret = self._store.get(self._name, self._origin)
        if self._secret is None:
            self.trouble = getattr(self._store, "trouble", "") or f"there is no key {self._name}"
            self._until_s = now_s + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        else:
            self.trouble = ""
            self._until_s, self._pause_s = now_s + KEEP_S, FIRST_PAUSE_S
        return self._secret

    def forget(self) -> None:
        """Ask the keyring again next time: the server has refused what was remembered."""
        if self._secret is not None:
            self._secret, self._until_s = None, 0.0
