"""The seams: what floor-2 rooms promise each other, met inside `journey` and `daemon`.

A protocol stands here only where two real implementations exist (the real one and a fake or a
second backend). Rooms of floor 2 never import each other; they import this file.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from routerd.core.belief import Belief, Event
from routerd.core.candidate import Candidate
from routerd.core.decision import Decision
from routerd.core.features import Neighbour, Reading
from routerd.core.outcome import Outcome
from routerd.core.policy import Finding
from routerd.core.request import Request
from routerd.core.response import Chunk, CompletedToolCall, FinishReason
from routerd.core.session import Standing
from routerd.core.status import EngineStatus
from routerd.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Reply:
    """An upstream's answer as it arrives. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: AsyncIterator[bytes] = field(repr=False)


class Outbound(Protocol):
    """The only way bytes leave this process."""

    def send(
        self,
        method: Literal["GET", "POST", "DELETE", "HEAD"],
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        first_byte_s: float = 30.0,
        idle_s: float = 30.0,
    ) -> AbstractAsyncContextManager[Reply]:
        """Open a request; leaving the context closes the connection upstream.

        Redirects are not followed, environment proxies not read, compressed bodies not asked for.
        Raises: ProviderFailed with kind refused, timeout, died or offline.
        """
        ...


class Provider(Protocol):
    """One backend."""

    name: str
    kind: str

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        """Look what is there now; never raises for a backend that is down."""
        ...

    def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        """Answer; the last chunk of a complete answer is Finish.

        Raises: ProviderFailed. Consume under `contextlib.aclosing`: closing it cancels upstream.
        """
        ...


class Catalogue(Protocol):
    """Who is up, with which models."""

    @property
    def engines(self) -> tuple[EngineStatus, ...]:
        """What was looked for, where, and what was found."""
        ...

    def candidates(self) -> tuple[Candidate, ...]:
        """Return a frozen snapshot; never awaits."""
        ...

    def provider(self, name: str) -> Provider:
        """Return the provider of that name. Raises: NotFound."""
        ...

    def enter(self, model: str) -> bool:
        """Begin an attempt; False where the model rests, or another request is trying it after that.

        Each True is followed by one `report`.
        """
        ...

    def report(
        self,
        model: str,
        *,
        ok: bool | None,
        ttft_s: float = -1.0,
        tokens_per_s: float = 0.0,
        rest_s: float = 0.0,
    ) -> None:
        """Take in how an attempt went (health, speed); `rest_s`: how long it asked to be left alone.

        `ok` None: it says nothing of the model.
        """
        ...


class Understanding(Protocol):
    """Reads a request with the classifier."""

    async def read(self, request: Request) -> Reading:
        """Return the reading; a missing or failing model gives `Reading()`, never an error."""
        ...


class Memory(Protocol):
    """Past tasks and their outcomes."""

    async def nearest(self, embedding: bytes, *, workspace: str, k: int) -> tuple[Neighbour, ...]:
        """Return similar past tasks, most similar first; () on any trouble."""
        ...

    def remember(
        self, decision: Decision, outcome: Outcome, request_facts: Mapping[str, Any]
    ) -> None:
        """Queue one row for the writer; never blocks, never raises into the journey."""
        ...


class LearningStore(Protocol):
    """Where what was learnt late is kept; both only queue and never raise."""

    def amend(self, decision_id: str, success: float) -> None:
        """Say what the memory of a decision is worth after all, 0..1."""
        ...

    def note_evidence(self, decision_id: str, kind: str, value: float) -> None:
        """Keep what was seen of a decision's answer and what it is worth since, 0..1."""
        ...


class Learning(Protocol):
    """What outcomes have taught of models."""

    def beliefs(self, models: Iterable[str], reading: Reading) -> Mapping[str, Belief]:
        """Return what is believed of those models at such a task, where anything is."""
        ...

    def harder(self, reading: Reading, input_tokens: int) -> float:
        """Return logits by which such tasks turned out harder than they were read; 0 if unknown."""
        ...

    def answered(self, decision: Decision, outcome: Outcome) -> None:
        """Take in an answer; never raises into the journey."""
        ...

    def note(self, decision_id: str, events: Iterable[Event]) -> None:
        """Take in what later turns show of an earlier answer."""
        ...


class Sessions(Protocol):
    """Who holds which conversation."""

    def standing(self, request: Request) -> Standing:
        """Return what is known of the request's conversation; `Standing()` where nothing is."""
        ...

    def answered(
        self, request: Request, before: Standing, decision: Decision, outcome: Outcome
    ) -> None:
        """Take in who answered, `before` being how the conversation stood when it was asked.

        An answer that failed or was given up changes nothing.
        """
        ...


class Watcher(Protocol):
    """Who watches requests as they happen; it must neither block nor raise."""

    def decided(self, request: Request, decision: Decision) -> None:
        """A request is about to be answered as decided."""
        ...

    def attempting(self, decision: str, candidate: Candidate, number: int) -> None:
        """A candidate is asked, as the `number`th (from 1) for that decision's id."""
        ...

    def answered(self, request: Request, decision: Decision, outcome: Outcome) -> None:
        """The request has ended."""
        ...


class Verifier(Protocol):
    """Checks a complete answer by its form."""

    def check(
        self,
        request: Request,
        text: str,
        tool_calls: Sequence[CompletedToolCall],
        finish: FinishReason,
    ) -> Verdict:
        """Return the verdict; a few milliseconds, no I/O, never raises."""
        ...


class CredentialStore(Protocol):
    """Secrets bound to where they may be sent."""

    def get(self, name: str, origin: str) -> str | None:
        """Return the secret `name` if it is bound to `origin` (scheme://host:port)."""
        ...


class LocalEngine(Protocol):
    """An embedded engine that runs in a worker process of its own."""

    @property
    def binding(self) -> str:
        """Name of the binding in use, or '' where none is installed."""
        ...

    def chat(
        self, model_path: str, settings: Mapping[str, Any], body: Mapping[str, Any]
    ) -> AsyncGenerator[Mapping[str, Any]]:
        """Yield OpenAI chat-completion chunk objects; `{"routerd_progress": text}` while loading.

        `settings`: context_tokens, gpu_layers, threads. `body`: an OpenAI chat request.
        Raises: ProviderFailed. Closing the iterator stops generation.
        """
        ...

    def embed(
        self, model_path: str, settings: Mapping[str, Any], texts: Sequence[str]
    ) -> AsyncGenerator[Mapping[str, Any]]:
        """Yield `{"index", "vector", "tokens"}` for each text, in order; progress as in `chat`.

        `vector` is base64 of float32, little-endian, of length 1. No text is ever cut.
        Raises: ProviderFailed. Closing the iterator stops after the text under way.
        """
        ...

    def loaded(self, *, embeds: bool = False) -> Mapping[str, int]:
        """Return the models loaded for answers or embeddings: path -> context in effect, tokens."""
        ...

    async def unload(self, model_path: str) -> bool:
        """Free a model's memory; False where it isn't loaded or answers just now."""
        ...


class Unloads(Protocol):
    """A provider whose models can be taken out of memory."""

    async def unload(self, model: str) -> bool:
        """Free a model's memory; False where it isn't loaded or answers just now.

        Raises: ProviderFailed.
        """
        ...


class Screener(Protocol):
    """Finds secrets and personal data."""

    async def find(self, request: Request) -> tuple[Finding, ...]:
        """Return what is in the request's messages, tool calls and tool results."""
        ...


class AuditSink(Protocol):
    """The audit log as the journey sees it: no bodies ever go into it."""

    async def written(self, kind: str, facts: Mapping[str, Any]) -> bool:
        """Write an entry and return True once it is on disk, False where it can't be."""
        ...

    def put(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Queue an entry; never blocks, never raises."""
        ...
