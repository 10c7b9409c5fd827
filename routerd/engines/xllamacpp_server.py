"""The binding to xllamacpp: llama-server inside the worker; nobody may reach its own port.

xllamacpp always opens an HTTP listener beside its in-process entrance (seen in 2026.10). Here it
gets a Unix socket in a private folder that is unlinked as soon as the server is up, so that there
is no address left to connect to. Where there are no Unix sockets (Windows) it gets a loopback port
with a random key and a random path prefix. Both also hold on Linux, for the moment before.
"""

import os
import re
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xllamacpp

from routerd.engines.bindings import (
    PREFILL_STEP_TOKENS,
    BindingName,
    Emit,
    Rejected,
    context_in_effect,
    prompt_too_long,
    template_refused,
    vector_event,
)

_LOG_ERRORS = 1
# Past conversations' caches in RAM, beside the model's own; the default is 8 GiB.
_PROMPT_CACHE_MIB = 512
_BAD_REQUEST = 400
# What a text for a vector is told that does not fit; it carries no numbers beside its words.
_TOO_LARGE = re.compile(r"\((\d+) tokens\) is too large.*?batch size: (\d+)")
_KEPT = ("id", "object", "created", "model", "choices")


class XllamacppBinding:
    """One model in an in-process llama-server with one slot."""

    name: BindingName = "xllamacpp"
    version: str = xllamacpp.__version__

    def __init__(self) -> None:
        self._server: Any = None

    def load(
        self, path: str, *, context_tokens: int, gpu_layers: int, threads: int, pooling: str = ""
    ) -> int:
        """Load a model; return the context in effect, tokens."""
        context_tokens = context_in_effect(context_tokens)
        with tempfile.TemporaryDirectory(prefix="routerd-") as folder:
            try:
                params = _params(path, context_tokens, gpu_layers, threads)
                if pooling:
                    _for_vectors(params, pooling)
                _shut_the_port(params, folder)
                self._server = xllamacpp.Server(params)
            except RuntimeError:
                # Its text is always "please check the input params"; the reason is on stderr.
                raise RuntimeError("llama-server refused the file") from None
            except (AttributeError, TypeError) as error:
                raise RuntimeError(
                    f"xllamacpp {self.version} names its settings differently from 2026.7 to "
                    f"2026.10 ({error})"
                ) from error
        return context_tokens

    def chat(self, body: Mapping[str, Any], emit: Emit) -> None:
        """Answer a chat request; see `Binding`."""
        wanted = {
            **body,
            "n": 1,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
        }
        answer = _Answer(emit)
        server = self._server
        ask = server.handle_completions if "prompt" in body else server.handle_chat_completions
        try:
            ask(wanted, answer.take)
        except (ValueError, RuntimeError, TypeError) as error:
            raise _rejection(str(error)) from None
        answer.end()

    def embed(self, texts: Sequence[str], emit: Emit) -> None:
        """Hand over one vector a text; see `Binding`."""
        for index, text in enumerate(texts):
            try:
                told = self._server.handle_embeddings({"input": [text]})
            except (ValueError, RuntimeError, TypeError) as error:
                raise _rejection(str(error)) from None
            if "error" in told:
                raise _failure(told["error"])
            vector = told["data"][0]["embedding"]
            if emit(vector_event(index, vector, int(told["usage"]["prompt_tokens"]))):
                return

    def close(self) -> None:
        """Free the model."""
        self._server = None


class _Answer:
    """Turns what llama-server streams into the chunks `Binding.chat` promises."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._last: dict[str, Any] | None = None
        self._error: Mapping[str, Any] | None = None

    def take(self, event: Mapping[str, Any]) -> bool:
        """Take the next event; return whether to stop."""
        if "error" in event:
            self._error = event["error"]
            return True
        if "prompt_progress" in event:
            progress = event["prompt_progress"]
            fresh = {
                key: progress[key] - progress.get("cache", 0) for key in ("processed", "total")
            }
            return self._emit({"prompt_progress": fresh})
        chunk = {key: event[key] for key in _KEPT if key in event}
        choices = event.get("choices") or []
        if choices and "text" in choices[0]:
            # What goes on from a bare prompt comes in the older format.
            delta = {"content": choices[0]["text"]}
            choices = chunk["choices"] = [{**choices[0], "delta": delta}]
        if choices and choices[0].get("finish_reason") is None:
            return self._emit(chunk)
        # The usage follows the finish in a chunk without choices: they are sent on as one.
        self._last = self._last or chunk
        if "usage" in event:
            self._last["usage"] = event["usage"]
        return False

    def end(self) -> None:
        """Send the last chunk, or raise what llama-server said instead."""
        if self._error is not None:
            raise _failure(self._error)
        if self._last is not None:
            self._emit(self._last)


def _failure(error: Mapping[str, Any]) -> Rejected | RuntimeError:
    prompt_tokens, context_tokens = error.get("n_prompt_tokens"), error.get("n_ctx")
    if isinstance(prompt_tokens, int) and isinstance(context_tokens, int):
        return prompt_too_long(prompt_tokens, context_tokens)
    message = str(error.get("message", ""))
    if large := _TOO_LARGE.search(message):
        return prompt_too_long(int(large[1]), int(large[2]))
    if error.get("code") == _BAD_REQUEST:
        return _rejection(message)
    return RuntimeError(f"llama.cpp failed: {_harmless(message)}")


def _rejection(message: str) -> Rejected:
    if "Jinja" in message:
        return template_refused()
    return Rejected(f"llama.cpp refused the request: {_harmless(message)}")


def _harmless(message: str) -> str:
    """Cut what llama.cpp quotes from the body off its message: a prompt must not reach a log."""
    for mark in (" #", "last read", '{"', '"'):
        message = message.partition(mark)[0]
    return " ".join(message.split())[:300] or "no reason given"


def _shut_the_port(params: Any, folder: str) -> None:
    params.api_keys = [secrets.token_urlsafe(32)]
    params.api_prefix = "/" + secrets.token_urlsafe(32)
    params.endpoint_slots = False
    params.n_threads_http = 1
    address = os.path.join(folder, "engine.sock") if os.name == "posix" else "127.0.0.1"
    # One name until 2026.9, a list since 2026.10.
    if hasattr(params, "hostnames"):
        params.hostnames = [address]
    else:
        params.hostname = address


def _for_vectors(params: Any, pooling: str) -> None:
    """Load for embeddings alone; one step has to hold the whole text."""
    params.embedding = True
    params.n_batch = params.n_ubatch = params.n_ctx
    params.pooling_type = getattr(
        xllamacpp.llama_pooling_type, f"LLAMA_POOLING_TYPE_{pooling.upper()}"
    )
    params.cache_ram_mib = 0


def _params(path: str, context_tokens: int, gpu_layers: int, threads: int) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {Path(path).stem}
    params.n_ctx = context_tokens
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = PREFILL_STEP_TOKENS
    params.n_gpu_layers = gpu_layers
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or -1
    params.warmup = False
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.offline = True
    params.verbosity = _LOG_ERRORS
    return params
