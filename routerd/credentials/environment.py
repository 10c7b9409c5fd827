"""Keys from environment variables, only where the settings allow it (`allow_env_keys`)."""

from collections.abc import Mapping

from typing_extensions import override

from routerd.core.ports import CredentialStore


class WithEnvironment:
    """A CredentialStore that takes a variable where one is set, else asks the keyring.

    `variables` maps a key's name to (variable, the one origin it may be sent to): a key from the
    environment is bound to its vendor's own address.
    """

    def __init__(
        self,
        inner: CredentialStore,
        environ: Mapping[str, str],
        variables: Mapping[str, tuple[str, str]],
    ) -> None:
        self._inner = inner
        self._environ = environ
        self._variables = variables

    @override
    def __repr__(self) -> str:
        return f"WithEnvironment({self._inner!r})"

    @property
    def trouble(self) -> str:
        """Why the last `get` found nothing."""
        return str(getattr(self._inner, "trouble", ""))

    def get(self, name: str, origin: str) -> str | None:
        """See `core.ports.CredentialStore.get`."""
        variable, home = self._variables.get(name, ("", ""))
        secret = self._environ.get(variable, "").strip() if variable and home == origin else ""
        return secret or self._inner.get(name, origin)
