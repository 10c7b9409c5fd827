"""Talks to a running daemon over loopback; what the command line and the tray share."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from routerd.core.errors import RouterdError

# Where snaps are: their browsers read no hidden folder of the home directory.
_SANDBOXED = Path("/snap/bin")
_LEADS_ON = """<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<title>routerd</title><script>location.replace("URL")</script><noscript><a href="URL">On</a></noscript>
"""
_TOO_LATE = "routerd did not answer in time."
_BROKE_OFF = "The answer broke off before its end."


class NotRunning(RouterdError):
    """No daemon answers for this home."""


class DaemonError(RouterdError):
    """The daemon answered with an error; `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class DaemonClient:
    """One daemon, found through its endpoint file; every call opens its own connection.

    `token` stands for the user's own: that of a connected client, say.
    """

    def __init__(self, home: Path, *, timeout_s: float = 30.0, token: str = "") -> None:
        self._home = home
        self._timeout_s = timeout_s
        self._token = token

    def _open(self, timeout_s: float) -> tuple[HTTPConnection, dict[str, str]]:
        try:
            endpoint = json.loads((self._home / "run" / "endpoint.json").read_text("utf-8"))
            token = self._token or (self._home / "token").read_text("ascii").strip()
            port = int(endpoint["port"])
        except (OSError, ValueError, KeyError, TypeError):
            raise NotRunning("routerd is not running; start it with `routerd up`.") from None
        headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            # So rules, budgets and lists know the command line from other tools.
            "x-routerd-client": "cli",
            # The response then owns the connection, and closing the one closes the other.
            "connection": "close",
        }
        return HTTPConnection("127.0.0.1", port, timeout=timeout_s), headers

    def request(
        self, method: str, path: str, body: Any = None, *, timeout_s: float | None = None
    ) -> HTTPResponse:
        """Send one request and return the open response. Raises: NotRunning, DaemonError."""
        connection, headers = self._open(timeout_s or self._timeout_s)
        data = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
        except TimeoutError:
            connection.close()
            raise DaemonError(_TOO_LATE, 504) from None
        except (OSError, OverflowError, HTTPException):
            connection.close()
            raise NotRunning("routerd is not running; start it with `routerd up`.") from None
        if response.status >= 400:
            with _reading(response):
                raise DaemonError(_message(response.read()), response.status)
        return response

    def get(self, path: str) -> Any:
        """Return the JSON at `path`. Raises: NotRunning, DaemonError."""
        return _json(self.request("GET", path))

    def post(self, path: str, body: Any = None) -> Any:
        """Send JSON and return JSON. Raises: NotRunning, DaemonError."""
        return _json(self.request("POST", path, body if body is not None else {}))

    def stats(self, days: int = 30) -> Any:
        """Return sums and times, see /control/stats. Raises: NotRunning, DaemonError."""
        return self.get(f"/control/stats?days={days}")

    def decisions(self, **wanted: str | int) -> Any:
        """Return a page of decisions, newest first, and `next`, the cursor for `before`.

        `wanted`: limit, before, q, task, model, zone, finish, session.
        Raises: NotRunning, DaemonError.
        """
        return self.get(f"/control/decisions?{urlencode(wanted)}")

    def watch(self, heartbeat_s: float = 40.0) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (kind, facts) as it happens, "status" first; ends when the daemon stops.

        Without a sign of life for `heartbeat_s` (the daemon gives one every 15 s) it raises.
        Raises: NotRunning, DaemonError.
        """
        with _reading(self.request("GET", "/control/events", timeout_s=heartbeat_s)) as response:
            kind = ""
            for line in response:
                if line.startswith(b"event: "):
                    kind = line[7:].strip().decode("ascii")
                elif line.startswith(b"data: "):
                    yield kind, json.loads(line[6:])

    def dashboard_link(self, to: str = "") -> Any:
        """Return {url, expires_s}: a link to the dashboard, or a page of it, that works once.

        Raises: NotRunning, DaemonError.
        """
        return self.post("/control/dashboard-link", {"to": to})

    def dashboard_address(self, to: str = "") -> str:
        """Return what to open in a browser: a file of this user's that leads to the dashboard.

        What a browser is started with, other users can read in the list of processes; a path tells
        them nothing. Browsers in a sandbox can't read the file, and are given the link itself; it
        works once, and a second use ends what the first one opened.
        Raises: NotRunning, DaemonError.
        """
        url = str(self.dashboard_link(to)["url"])
        if _SANDBOXED.exists():
            return url
        folder = self._home / "run"
        for old in folder.glob("dashboard-*.html"):
            old.unlink(missing_ok=True)
        page = folder / f"dashboard-{secrets.token_hex(8)}.html"
        opened = os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(opened, "w", encoding="utf-8") as file:
            file.write(_LEADS_ON.replace("URL", url))
        return page.as_uri()

    def events(self, path: str, body: Any) -> Iterator[tuple[HTTPResponse, dict[str, Any]]]:
        """Yield (response, event object) of a server-sent stream until [DONE].

        Raises: NotRunning, DaemonError, the latter also when the stream breaks off.
        """
        with _reading(self.request("POST", path, body)) as response:
            for line in response:
                data = line.removeprefix(b"data: ").strip()
                if not line.startswith(b"data: "):
                    continue
                if data == b"[DONE]":
                    return
                yield response, json.loads(data)
        raise DaemonError(_BROKE_OFF, 502)


@contextmanager
def _reading(response: HTTPResponse) -> Iterator[HTTPResponse]:
    """Close the response in the end; what goes wrong on its way becomes DaemonError."""
    with response:
        try:
            yield response
        except TimeoutError:
            raise DaemonError(_TOO_LATE, 504) from None
        except (OSError, HTTPException):
            raise DaemonError(_BROKE_OFF, 502) from None


def _json(response: HTTPResponse) -> Any:
    with _reading(response):
        data = response.read()
    try:
        return json.loads(data)
    except ValueError:
        raise DaemonError(
            "The answer is not JSON; does another program listen on routerd's port?", 502
        ) from None


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "routerd answered with an error that is not JSON."
