"""Starts the real daemon as a process of its own, with a home of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

from routerd.client import DaemonClient, NotRunning

START_TIMEOUT_S = 40.0
# Nothing of the machine is looked for unless a test says so, and any free port will do.
QUIET = "port = 0\ndiscover = false\n[llamacpp]\nthreads = 1\n"


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return a clean environment: no proxies, no keys, no CI flag of this process."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home), "ROUTERD_HOME": str(home), **more}


def routerd(
    home: Path, *arguments: str, stdin: str = "", timeout_s: float = 60.0, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run one command of the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "routerd", *arguments],
        env=environment(home, **more),
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout_s,
        check=False,
    )


class Daemon:
    """A running daemon; a context manager that stops it and fails when it did not end cleanly.

    `prefix` is a command that becomes the daemon's, such as one that sets limits.
    """

    def __init__(
        self,
        home: Path,
        config: str = QUIET,
        arguments: Sequence[str] = (),
        prefix: Sequence[str] = (),
        **more: str,
    ) -> None:
        self.home = home
        self.client = DaemonClient(home)
        self._environment = environment(home, **more)
        self._arguments = arguments
        self._prefix = prefix
        self.expected_code = 0
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.configure(config)
        self.process: subprocess.Popen[bytes] | None = None

    def configure(self, text: str) -> None:
        """Write config.toml as editors do: a new file renamed over the old one."""
        new = self.home / "config.toml.new"
        new.write_text(text, encoding="utf-8")
        new.replace(self.home / "config.toml")

    def __enter__(self) -> "Daemon":
        output = (self.home / "output.txt").open("wb")
        with output:
            self.process = subprocess.Popen(
                [*self._prefix, sys.executable, "-m", "routerd", "serve", *self._arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline_s:
            if self.process.poll() is not None:
                raise AssertionError(f"the daemon ended: {self.output()}")
            try:
                self.client.get("/health")
            except NotRunning:
                time.sleep(0.02)  # another process starts; there is no event to wait for
            else:
                return self
        # `with` does not call __exit__ for what failed to enter; nobody else would end it.
        self.process.kill()
        self.process.wait(30)
        raise AssertionError(f"the daemon was not ready: {self.output()}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        if error is None and code not in (0, -signal.SIGKILL, self.expected_code):
            raise AssertionError(f"exit code {code}: {self.output()}\n{self.log()}")

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(json.loads((self.home / "run" / "endpoint.json").read_text("utf-8"))["port"])

    @property
    def token(self) -> str:
        """Its bearer token."""
        return (self.home / "token").read_text("ascii").strip()

    @property
    def url(self) -> str:
        """Its address without a path."""
        return f"http://127.0.0.1:{self.port}"

    def http(self, **more: Any) -> httpx2.Client:
        """Return a plain HTTP client with the token."""
        return httpx2.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {self.token}"},
            trust_env=False,
            timeout=30,
            **more,
        )

    def output(self) -> str:
        """What it wrote to stdout and stderr."""
        return (self.home / "output.txt").read_text("utf-8", "replace")

    def log(self) -> str:
        """Its log."""
        path = self.home / "logs" / "routerd.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""
