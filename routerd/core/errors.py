"""Everything that can go wrong and be told to a client.

RouterdError                   500  a fault of routerd's own
 |- InvalidRequest             400  the client's body makes no sense
 |- NotFound                   404  no such model, decision or route
 |- NoCandidate                503  nobody may or can answer (refused_by_policy: 403)
 |- ProviderFailed             502  a backend failed; may be retried elsewhere
 |- ConfigInvalid              500  config.toml or policy.toml can't be used
 `- AlreadyRunning             500  another daemon holds the lock

A message says what failed, why, and what to do. It never holds prompt text or a secret.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # At run time it would bring all values with it, which no error needs: 20 ms of every command.
    from routerd.core.outcome import FailureKind


class RouterdError(Exception):
    """The root; `status_hint` is the HTTP status a door may answer with.

    `retry_after_s` is when to ask again, None where nobody knows.
    """

    status_hint = 500
    said = ""
    retry_after_s: float | None = None

    @property
    def message(self) -> str:
        """The text for the client that asked; `said` holds a backend's own words, if any."""
        return f"{self}: {self.said}" if self.said else str(self)


class InvalidRequest(RouterdError):
    """The body is not what the dialect asks for; `param` names the field."""

    status_hint = 400

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class NotFound(RouterdError):
    """The thing named does not exist."""

    status_hint = 404


class NoCandidate(RouterdError):
    """No model may answer this request."""

    status_hint = 503

    def __init__(self, message: str, *, refused_by_policy: bool = False) -> None:
        super().__init__(message)
        self.refused_by_policy = refused_by_policy
        if refused_by_policy:
            self.status_hint = 403


class ProviderFailed(RouterdError):
    """A backend did not deliver.

    `retryable`: another candidate may be tried. `retry_after_s`: the backend's own wish. `said`:
    the backend's own words, for the client that asked and for nobody else; a backend may quote the
    prompt in them, so they are part of `message` but never of `str`, which is logged and kept.
    """

    status_hint = 502

    def __init__(
        self,
        message: str,
        kind: "FailureKind",
        *,
        retryable: bool = True,
        retry_after_s: float | None = None,
        status: int | None = None,
        said: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.said = said
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.status = status
        if kind == "timeout":
            self.status_hint = 504
        if kind == "overloaded":
            # Clients wait and come again; a 502 would say that something is broken.
            self.status_hint = 429 if status == 429 else 503
        if kind == "rejected" and status is not None and 400 <= status < 500:
            self.status_hint = status


class ConfigInvalid(RouterdError):
    """A settings file can't be used; the message names file, line and key."""


class AlreadyRunning(RouterdError):
    """Another daemon holds the lock of this home."""

    def __init__(self, message: str, pid: int) -> None:
        super().__init__(message)
        self.pid = pid
