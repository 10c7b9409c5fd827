"""One worker process as the daemon sees it: start, load, chat, cancel, notice its death.

The worker gets an environment without secrets and a standard error of its own, a file.
"""

import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import anyio
import anyio.abc

from routerd.core.errors import ProviderFailed
from routerd.core.outcome import FailureKind
from routerd.engines.chat_stream import Chat, Event

_log = logging.getLogger(__name__)

Settings = Mapping[str, Any]

MAX_LINE_BYTES = 16 << 20
EXIT_S = 1.0
SEND_S = 5.0
_LAST_WORDS_BYTES = 4096
# What may be repeated of native code's last words: nothing that could quote a prompt.
_LAST_WORDS = re.compile(
    r"(?:error loading model|chat template parsing error|unable to allocate|failed to allocate"
    r"|GGML_ASSERT|GGML_ABORT|ggml_\w+: error|CUDA error|out of memory|Fatal Python error).*"
)

# Everything else (keys, tokens, proxies, what the shell happens to hold) stays here.
_PASSED_ON = frozenset(
    [
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "TMP",
        "TEMP",
        "SYSTEMROOT",
        "WINDIR",
        "USERPROFILE",
        "LOCALAPPDATA",
        "APPDATA",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "CUDA_PATH",
        "CUDA_VISIBLE_DEVICES",
        "HIP_VISIBLE_DEVICES",
        "ROCR_VISIBLE_DEVICES",
        "HSA_OVERRIDE_GFX_VERSION",
        "OMP_NUM_THREADS",
    ]
)


def worker_command(binding: str) -> list[str]:
    """Return the command that starts a worker; -P keeps the working folder off its path."""
    return [sys.executable, "-P", "-m", "routerd.engines.worker", binding]


def worker_environment(source: Mapping[str, str]) -> dict[str, str]:
    """Return what a worker may know of the environment."""
    kept = {name: value for name, value in source.items() if name.upper() in _PASSED_ON}
    # On a crash ggml would start a debugger to print a stack.
    kept["GGML_NO_BACKTRACE"] = "1"
    home = Path(__file__).resolve().parents[2]
    if home.name not in ("site-packages", "dist-packages"):
        kept["PYTHONPATH"] = str(home)
    return kept


class WorkerProcess:
    """One worker. `read` must run in a task for as long as the process lives."""

    def __init__(self, name: str, process: anyio.abc.Process, log_path: Path) -> None:
        self.name = name
        self.context_tokens = 0
        self.gone = anyio.Event()
        self._process = process
        self._log_path = log_path
        self._writing = anyio.Lock()
        self._answered = anyio.Event()
        self._failure: ProviderFailed | None = None
        self._chats: dict[str, Chat] = {}
        self._jobs = 0
        self._is_closing = False

    @classmethod
    async def start(cls, name: str, command: Sequence[str], log_path: Path) -> Self:
        """Start a process for the model called `name`. Raises: OSError."""
        log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            process = await anyio.open_process(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=log_path.parent,
                env=worker_environment(os.environ),
                start_new_session=os.name == "posix",
            )
        finally:
            os.close(log)
        return cls(name, process, log_path)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def load(self, path: str, settings: Settings) -> None:
        """Load a model. Raises: ProviderFailed."""
        wanted = {name: settings[name] for name in ("context_tokens", "gpu_layers", "threads")}
        embeds = bool(settings.get("embeds"))
        await self._send({"op": "load", "path": path, **wanted, "embeds": embeds})
        await self._answered.wait()
        if self._failure is not None:
            raise self._failure

    def open_chat(self) -> Chat:
        """Return a chat to `ask` with; with a dead worker one that fails at once."""
        self._jobs += 1
        chat = Chat(str(self._jobs))
        if self.gone.is_set():
            chat.end(self._death())
        else:
            self._chats[chat.job] = chat
        return chat

    async def ask(self, chat: Chat, body: Mapping[str, Any], *, embeds: bool = False) -> None:
        """Send the request: an OpenAI chat, or texts to be embedded."""
        await self._send({"op": "embed" if embeds else "chat", "id": chat.job, "body": body})

    async def cancel(self, chat: Chat) -> None:
        """Ask the worker to stop; it does so between two tokens, or two steps of the prompt."""
        await self._send({"op": "cancel", "id": chat.job})

    async def close(self) -> None:
        """End the process and wait for it."""
        async with self._writing:
            if self._process.stdin is not None:
                await self._process.stdin.aclose()
        with anyio.move_on_after(EXIT_S):
            await self.gone.wait()
        self.kill()
        await self.gone.wait()

    def kill(self) -> None:
        """End the process at once; open chats fail.

        `read` may be waiting for a chat's reader that is slow, or that waits for this very end: it
        would never see the process go.
        """
        self._is_closing = True
        for chat in self._chats.values():
            chat.give_up(ProviderFailed(f"the llama.cpp process of {self.name} was ended", "died"))
        if self._process.returncode is None:
            self._process.kill()

    async def read(self) -> None:
        """Take the worker's events until it is gone, then tell whoever waits."""
        try:
            await self._read_lines()
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            _log.warning("the worker of %s sent nonsense (%s)", self.name, type(error).__name__)
            self.kill()
        finally:
            with anyio.CancelScope(shield=True):
                with anyio.move_on_after(EXIT_S):
                    await self._process.wait()
                self.kill()
                await self._process.aclose()
            self._bury()

    async def _read_lines(self) -> None:
        stdout = self._process.stdout
        if stdout is None:
            return
        pending = b""
        async for block in stdout:
            *lines, pending = (pending + block).split(b"\n")
            for line in lines:
                await self._take(json.loads(line))
            if len(pending) > MAX_LINE_BYTES:
                raise ValueError("a line without end")

    async def _take(self, event: Event) -> None:
        job = event.get("id")
        error = event.get("error")
        failure = _failure(error) if error else None
        if job is None:
            self._take_answer(event, failure)
            return
        chat = self._chats.get(job)
        if chat is None:
            return
        if failure is not None or "done" in event:
            del self._chats[job]
            chat.end(failure)
        elif not self._is_closing:
            await chat.deliver(event)

    def _take_answer(self, event: Event, failure: ProviderFailed | None) -> None:
        if failure is not None:
            self._failure = ProviderFailed(failure.message + self._last_words(), failure.kind)
        elif "loaded" in event:
            self.context_tokens = int(event["loaded"]["context_tokens"])
        self._answered.set()

    def _bury(self) -> None:
        self.gone.set()
        self._failure = self._failure or self._death()
        self._answered.set()
        for chat in self._chats.values():
            chat.end(self._death())
        self._chats.clear()

    def _death(self) -> ProviderFailed:
        return ProviderFailed(
            f"the llama.cpp process of {self.name} died: {_ending(self._process.returncode)}"
            f"{self._last_words()}; the next request starts a new one",
            "died",
        )

    def _last_words(self) -> str:
        """Return what native code gave as its reason on standard error, if anything."""
        try:
            with self._log_path.open("rb") as log:
                log.seek(max(0, self._log_path.stat().st_size - _LAST_WORDS_BYTES))
                text = log.read().decode("utf-8", errors="replace")
        except OSError:
            return ""
        reasons = dict.fromkeys(found[0].strip()[:200] for found in _LAST_WORDS.finditer(text))
        return f" ({'; '.join([*reasons][-2:])})" if reasons else ""

    async def _send(self, message: Mapping[str, Any]) -> None:
        """Send a line whole or end the process: half a line would leave both sides at odds.

        So it is shielded from the cancellation of its request; a worker's thread for stdin does
        nothing else but read, hence only a dead or stopped one takes long.
        """
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        stdin = self._process.stdin
        with anyio.move_on_after(SEND_S, shield=True) as scope:
            async with self._writing:
                try:
                    if stdin is not None:
                        await stdin.send(line)
                except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                    # The process is gone or going; `read` tells everybody so.
                    return
        if scope.cancelled_caught:
            self.kill()


def _failure(error: Mapping[str, Any]) -> ProviderFailed:
    kind: FailureKind = error["kind"]
    if kind != "rejected":
        return ProviderFailed(str(error["message"]), kind)
    # Another model may have room for a prompt that is too long here; a body without sense has
    # none anywhere.
    too_long = "prompt_tokens" in error
    return ProviderFailed(str(error["message"]), kind, retryable=too_long, status=400)


def _ending(returncode: int | None) -> str:
    if returncode is None:
        return "without an exit code"
    if returncode < 0:
        name = signal.Signals(-returncode).name
        return name + (", perhaps for want of memory" if name == "SIGKILL" else "")
    return f"exit code {returncode}"
