"""Keyrings in memory: one that works, one that hangs, one that fails and talks too much."""

import threading
from typing import Any

from keyring.backend import KeyringBackend

# What tests pass as `trusted`, so that the store takes these for an OS keyring.
HOME = (__name__,)


class MemoryKeyring(KeyringBackend):
    """Keeps passwords in a dict. Its priority is below that of every keyring of a system."""

    priority = 0.01  # type: ignore[assignment]  # a plain number, as the library's own docs show

    def __init__(self) -> None:
        super().__init__()
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """Return the password, None where there is none."""
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the password."""
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget the password."""
        del self.passwords[service, username]


class HangingKeyring(MemoryKeyring):
    """Waits for somebody to unlock it; `unlock` lets its waiting threads go."""

    def __init__(self) -> None:
        super().__init__()
        self.unlock = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        """Wait, then answer."""
        self.unlock.wait()
        return super().get_password(service, username)


class TalkativeKeyring(MemoryKeyring):
    """Fails, and quotes in its error what it was given."""

    def get_password(self, service: str, username: str) -> str | None:
        """Fail."""
        raise OSError(f"could not read {self.passwords}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Fail."""
        raise OSError(f"could not store {password}")


class Chain(MemoryKeyring):
    """Asks others, as keyring's own chainer does."""

    def __init__(self, *backends: Any) -> None:
        super().__init__()
        self.backends = backends
