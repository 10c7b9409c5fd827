"""The worker process: one llama.cpp model, spoken to in JSON lines on stdin and stdout.

    in   {"op": "hello"}
         {"op": "load", "path", "context_tokens", "gpu_layers", "threads", "embeds"}
         {"op": "chat", "id", "body"}      body: an OpenAI chat request
         {"op": "embed", "id", "body"}     body: {"texts"}; a chunk a text, of {"index", "vector",
                                           "tokens"} (see bindings.Emit)
         {"op": "cancel", "id"}  {"op": "unload"}  {"op": "quit"}
    out  {"hello": {"binding", "version", "pid"}}
         {"loaded": {"context_tokens"}}  {"unloaded": true}
         {"id", "chunk"}  {"id", "progress": {"processed", "total"}}  {"id", "done": true}
         {"error": {"kind", "message"}}    with "id" where it concerns a chat, and with
                                           "prompt_tokens", "context_tokens" where these are why

Native code runs on the main thread, one job after the other; a second thread reads stdin, so that
a cancel is heard meanwhile. The process ends when stdin does: the daemon is gone then. It opens
nothing, and it imports nothing of routerd beyond this room.
"""

import ctypes
import json
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO
from weakref import WeakValueDictionary

from routerd.engines.bindings import Binding, Rejected
from routerd.engines.gguf import GgufInvalid, GgufMetadata, read_metadata

_PR_SET_PDEATHSIG = 1
_Message = dict[str, Any]


class Wire:
    """Writes events to the daemon; ends the process when nobody reads them any more."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._lock = threading.Lock()

    def send(self, event: Mapping[str, Any]) -> None:
        """Write one line. Both threads may call it."""
        line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
        try:
            with self._lock:
                self._out.write(line)
                self._out.flush()
        except OSError:
            os._exit(1)

    def error(self, kind: str, message: str, job: str | None = None, **counts: int) -> None:
        """Report a failure; `kind` is one of core.outcome.FailureKind."""
        about = {} if job is None else {"id": job}
        self.send({**about, "error": {"kind": kind, "message": message, **counts}})


class Jobs:
    """What the daemon asked for, in order; a cancel overtakes what it cancels."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._queue: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        # A flag lives as long as its job's message; nothing has to be tidied up.
        self._flags: WeakValueDictionary[str, threading.Event] = WeakValueDictionary()

    def read(self, lines: BinaryIO) -> None:
        """Take jobs until stdin ends, then end the process, whatever native code is doing."""
        for line in lines:
            try:
                message = json.loads(line)
                self._take(message)
            except (ValueError, KeyError, TypeError) as error:
                self._wire.error("protocol", f"a line makes no sense: {type(error).__name__}")
        os._exit(0)

    def _take(self, message: _Message) -> None:
        if message["op"] == "quit":
            os._exit(0)
        if message["op"] == "cancel":
            if (cancelled := self._flags.get(message["id"])) is not None:
                cancelled.set()
            return
        if message["op"] in ("chat", "embed"):
            self._flags[message["id"]] = message["cancelled"] = threading.Event()
        self._queue.put(message)

    def next(self) -> _Message:
        """Wait for the next job."""
        return self._queue.get()


class Worker:
    """Does the jobs."""

    def __init__(self, wire: Wire, jobs: Jobs, binding: Binding) -> None:
        self._wire = wire
        self._jobs = jobs
        self._binding = binding
        self._is_loaded = False

    def run(self) -> None:
        """Work until the process ends."""
        while True:
            message = self._jobs.next()
            match message["op"]:
                case "hello":
                    self._hello()
                case "load":
                    self._load(message)
                case "chat" | "embed":
                    self._answer(message)
                case "unload":
                    self._unload()
                case _:
                    self._wire.error("protocol", "the operation is not known")

    def _hello(self) -> None:
        binding = self._binding
        facts = {"binding": binding.name, "version": binding.version, "pid": os.getpid()}
        self._wire.send({"hello": facts})

    def _load(self, message: _Message) -> None:
        path = Path(message["path"])
        try:
            # Read first without native code: most broken files are told apart here, in words.
            known = read_metadata(path)
            trained = known.context_tokens
            wanted = message["context_tokens"] or trained
            context_tokens = self._binding.load(
                str(path),
                context_tokens=min(wanted, trained or wanted),
                gpu_layers=message["gpu_layers"],
                threads=message["threads"],
                pooling=_pooling(known) if message.get("embeds") else "",
            )
        except GgufInvalid as error:
            self._wire.error("died", f"{path.name} can't be loaded: {error}")
        except (OSError, RuntimeError, ValueError) as error:
            self._wire.error("died", f"llama.cpp can't load {path.name}: {error}")
        else:
            self._is_loaded = True
            self._wire.send({"loaded": {"context_tokens": context_tokens}})

    def _unload(self) -> None:
        self._binding.close()
        self._is_loaded = False
        self._wire.send({"unloaded": True})

    def _answer(self, message: _Message) -> None:
        job, body = message["id"], message["body"]
        emit = _Sender(self._wire, job, message["cancelled"]).send
        try:
            if not self._is_loaded:
                raise Rejected("no model is loaded")
            if message["op"] == "embed":
                self._binding.embed(body["texts"], emit)
            else:
                self._binding.chat(body, emit)
            self._wire.send({"id": job, "done": True})
        except Rejected as error:
            self._wire.error("rejected", str(error), job, **error.counts)
        except RuntimeError as error:
            self._wire.error("died", str(error), job)
        except Exception as error:  # noqa: BLE001 - the top of the job
            # Where it happened but not the message, which may quote the prompt.
            sys.stderr.writelines(traceback.format_tb(error.__traceback__))
            self._wire.error("died", f"the llama.cpp binding failed: {type(error).__name__}", job)


def _pooling(known: GgufMetadata) -> str:
    """Return how a text's vectors become one; the mean where the file does not say.

    Of a model that was made for answers the mean says more than the last token.
    """
    return known.pooling if known.pooling in ("mean", "cls", "last") else "mean"


class _Sender:
    """Passes one job's chunks on; tells the binding to stop once it is cancelled."""

    def __init__(self, wire: Wire, job: str, cancelled: threading.Event) -> None:
        self._wire = wire
        self._job = job
        self._cancelled = cancelled

    def send(self, chunk: Mapping[str, Any]) -> bool:
        """See `bindings.Emit`."""
        if self._cancelled.is_set():
            return True
        progress = chunk.get("prompt_progress")
        if progress is None and chunk:
            self._wire.send({"id": self._job, "chunk": chunk})
        elif progress and 0 < progress["processed"] < progress["total"]:
            self._wire.send({"id": self._job, "progress": progress})
        return False


def private_stdout() -> BinaryIO:
    """Return the real stdout and point fd 1 at stderr, because native code prints there."""
    sys.stdout.flush()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out


def shut_in() -> None:
    """No core files (they hold prompts), no Ctrl-C of the terminal, no life after the daemon."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        # Lazy: there is no such module on Windows.
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def open_binding(name: str) -> Binding:
    """Import the library and return its binding.

    Raises: ImportError; ValueError for an unknown name.
    """
    # Lazy: each import loads native code, and only one of the two may be installed.
    if name == "llama-cpp-python":
        from routerd.engines.llama_cpp_python import LlamaCppPythonBinding

        return LlamaCppPythonBinding()
    if name == "xllamacpp":
        from routerd.engines.xllamacpp_server import XllamacppBinding

        return XllamacppBinding()
    raise ValueError(f"there is no llama.cpp binding called {name!r}")


def main(binding_name: str) -> None:
    """Run the worker with one binding."""
    shut_in()
    wire = Wire(private_stdout())
    try:
        binding = open_binding(binding_name)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        wire.error("refused", f"{binding_name} is installed but can't be used: {error}")
        os._exit(1)
    jobs = Jobs(wire)
    threading.Thread(target=jobs.read, args=(sys.stdin.buffer,), daemon=True).start()
    try:
        Worker(wire, jobs, binding).run()
    except Exception:
        logging.getLogger(__name__).exception("the worker failed")
    # Not an ordinary exit: that would wait for native threads and for the reader of stdin.
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
