"""GGUF files on this machine, answered by the embedded llama.cpp engine. It starts no process."""

import os
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.config import LlamaCppConfig
from routerd.core.embedding import EmbeddingAnswer, EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.ports import LocalEngine
from routerd.core.request import Request
from routerd.core.response import Chunk, Progress
from routerd.core.status import EngineStatus
from routerd.dialects import embeddings, fim_prompts, openai_chat
from routerd.policy import abilities
from routerd.providers.model_file import ModelFile, ReadMetadata

PLUMBING = "plumbing-check"
# Below every real model: it says the same whatever it is asked.
PLUMBING_ABILITY = -10.0
MAX_FILES = 500
# A cold model is read from disk: about 1 GB/s on a laptop.
LOAD_BYTES_PER_S = 1e9
NOT_INSTALLED = "llama.cpp is not installed; pip install 'routerd[embedded]'"

_PART = re.compile(r"^(?P<stem>.+)-(?P<part>\d{5})-of-(?P<parts>\d{5})$")
# Projectors and the encoders of others come as GGUF too; they neither chat nor embed here.
_NO_USE = re.compile(r"clip|^t5|encoder", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Found:
    """One model on disk: what it says of itself, or why it can't be used."""

    name: str
    path: Path
    file: ModelFile | None
    trouble: str = ""


class LlamaCppProvider:
    """Models in `models_dir`; `plumbing_model` stands in while there is none that can be used."""

    name = "llamacpp"
    kind = "llamacpp"

    def __init__(
        self,
        engine: LocalEngine,
        models_dir: Path,
        plumbing_model: Path | None,
        read_metadata: ReadMetadata,
        settings: LlamaCppConfig,
    ) -> None:
        self._engine = engine
        self._models_dir = models_dir
        self._plumbing_model = plumbing_model
        self._read_metadata = read_metadata
        self._settings = settings
        self._read: dict[tuple[Path, int, int], ModelFile | str] = {}
        self._paths: dict[str, Path] = {}

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        """See `core.ports.Provider.discover`."""
        if not self._settings.enabled:
            return self._status(0, "switched off by llamacpp.enabled"), ()
        if not self._engine.binding:
            return self._status(0, NOT_INSTALLED), ()
        models = await anyio.to_thread.run_sync(self._scan)
        self._paths = {found.name: found.path for found in models}
        candidates = tuple(self._candidate(found) for found in models)
        usable = sum(candidate.usable for candidate in candidates)
        if usable or self._plumbing_model is None:
            return self._status(usable), candidates
        detail = f"no usable GGUF file in {self._models_dir}; only the built-in plumbing check"
        found = await anyio.to_thread.run_sync(self._look_at, PLUMBING, self._plumbing_model)
        self._paths[PLUMBING] = found.path
        return self._status(0, detail), (*candidates, _plumbing(self._candidate(found), found))

    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        """See `core.ports.Provider.stream`."""
        path = self._path(candidate)
        body = _body(request, candidate)
        settings = self._settings_for(candidate)
        decoder = openai_chat.ChunkDecoder()
        async with aclosing(self._engine.chat(str(path), settings, body)) as events:
            async for event in events:
                if "routerd_progress" in event:
                    yield Progress(str(event["routerd_progress"]))
                    continue
                for chunk in decoder.feed(event):
                    yield chunk
        yield decoder.finish()

    async def embed(self, request: EmbeddingRequest, candidate: Candidate) -> EmbeddingAnswer:
        """Return one vector of length 1 a text; one that is too long is refused, not cut.

        Raises: ProviderFailed.
        """
        path, settings = self._path(candidate), self._settings_for(candidate)
        vectors, tokens = [], 0
        async with aclosing(self._engine.embed(str(path), settings, request.texts)) as events:
            async for event in events:
                if "routerd_progress" in event:
                    continue
                tokens += event["tokens"]
                vectors.append(embeddings.shortened(event["vector"], request.dimensions))
        return EmbeddingAnswer(candidate.model, tuple(vectors), tokens)

    def _path(self, candidate: Candidate) -> Path:
        path = self._paths.get(candidate.model)
        if path is None:
            raise ProviderFailed(
                f"{candidate.model} is no longer in {self._models_dir}; routerd looks again "
                "every 30 s",
                "died",
            )
        return path

    def _settings_for(self, candidate: Candidate) -> dict[str, int]:
        return {
            "context_tokens": candidate.context_tokens,
            "gpu_layers": self._settings.gpu_layers,
            "threads": self._settings.threads,
        }

    async def unload(self, model: str) -> bool:
        """See `core.ports.Unloads.unload`."""
        path = self._paths.get(model)
        return path is not None and await self._engine.unload(str(path))

    def _scan(self) -> list[_Found]:
        names: dict[str, int] = {}
        models = []
        for path in self._files():
            name = _sane(path)
            names[name] = names.get(name, 0) + 1
            if names[name] > 1:
                # The same file name in two folders.
                name = f"{name}-{names[name]}"
            models.append(self._look_at(name, path))
        present = {found.path for found in models}
        self._read = {key: known for key, known in self._read.items() if key[0] in present}
        return models

    def _files(self) -> Iterator[Path]:
        """Yield the files that may be models, in a stable order; links are not walked into."""
        count = 0
        for folder, folders, files in os.walk(self._models_dir):
            folders.sort()
            for file in sorted(files):
                path = Path(folder, file)
                if _may_be_model(path) and path.is_file():
                    count += 1
                    if count > MAX_FILES:
                        return
                    yield path

    def _look_at(self, name: str, path: Path) -> _Found:
        try:
            about = path.stat()
            key = (path, about.st_mtime_ns, about.st_size)
            if key not in self._read:
                self._read[key] = self._try_to_read(path)
            known = self._read[key]
            missing = _missing_part(path)
        except OSError as error:
            known, missing = f"it can't be read: {error.strerror}", ""
        if isinstance(known, str):
            return _Found(name, path, None, known)
        if known.pooling == "rank":
            return _Found(
                name, path, known, "it scores pairs of texts, which nothing here asks for"
            )
        if _NO_USE.search(known.architecture) and not known.embeds:
            return _Found(name, path, known, f"{known.architecture} is no chat model")
        return _Found(name, path, known, missing)

    def _try_to_read(self, path: Path) -> ModelFile | str:
        try:
            return self._read_metadata(path)
        except ValueError as error:
            return str(error)

    def _candidate(self, found: _Found) -> Candidate:
        file = found.file
        plain = Candidate(
            provider=self.name,
            model=found.name,
            usable=not found.trouble,
            unusable_reason=f"{found.path.name}: {found.trouble}" if found.trouble else "",
        )
        if file is None:
            return plain
        loaded = self._engine.loaded(embeds=file.embeds)
        loaded_tokens = loaded.get(str(found.path), 0)
        size_b = file.parameters_b if file.parameters_b >= 0.01 else 0.0
        guess = abilities.guess(found.name, size_b)
        return replace(
            plain,
            ability=guess.ability,
            ability_sd=guess.sd,
            context_tokens=_window(file.context_tokens, self._settings.context_tokens),
            capabilities=self._capabilities(found.name, file),
            warm=loaded_tokens > 0,
            load_s=file.size_bytes / LOAD_BYTES_PER_S,
            size_bytes=file.size_bytes,
            loaded_tokens=loaded_tokens,
            parameters_b=file.parameters_b,
            quantisation=file.quantisation,
            embeds_by_name=not file.embeds,
        )

    def _capabilities(self, name: str, file: ModelFile) -> Capabilities:
        if file.embeds:
            return Capabilities(embeddings=True)
        # llama-server understands every family's tool calls; our reading of llama-cpp-python's
        # bare text understands one form. Both bindings compile JSON Schema to a grammar.
        reads_calls = self._engine.binding == "xllamacpp" or file.hermes_tool_calls
        return Capabilities(
            tools=file.mentions_tools and reads_calls,
            json_schema=True,
            fim=fim_prompts.find(name) is not None,
            thinking=file.thinks,
        )

    def _status(self, usable: int, detail: str = "") -> EngineStatus:
        up = self._settings.enabled and bool(self._engine.binding)
        address = str(self._models_dir)
        return EngineStatus(self.name, self.kind, "device", address, up, usable, detail)


def _body(request: Request, candidate: Candidate) -> dict[str, Any]:
    """Return what the engine is asked: a chat, or a bare prompt with a gap to be filled."""
    fim = fim_prompts.find(candidate.model)
    if request.suffix is None or fim is None:
        return openai_chat.encode_request(request, candidate.model, stream=True)
    return fim_prompts.completion_body(request, fim)


def _plumbing(candidate: Candidate, found: _Found) -> Candidate:
    """Mark the built-in model; its cache is tiny, so it gets its whole window."""
    trained = found.file.context_tokens if found.file is not None else 0
    return replace(
        candidate,
        plumbing=True,
        ability=PLUMBING_ABILITY,
        ability_sd=0.1,
        embeds_by_name=False,
        context_tokens=trained,
    )


def _window(trained: int, wanted: int) -> int:
    return min(trained, wanted) if trained and wanted else trained or wanted


def _may_be_model(path: Path) -> bool:
    if path.suffix.lower() != ".gguf" or "mmproj" in path.name.lower():
        return False
    part = _PART.match(path.stem)
    return part is None or int(part["part"]) == 1


def _missing_part(path: Path) -> str:
    """Return which file of a split model is not there, '' where all are."""
    part = _PART.match(path.stem)
    if part is None:
        return ""
    for number in range(1, int(part["parts"]) + 1):
        name = f"{part['stem']}-{number:05d}-of-{part['parts']}{path.suffix}"
        if not path.with_name(name).is_file():
            return f"{name} is missing"
    return ""


def _sane(path: Path) -> str:
    """Return a model name that fits a URL, a header and a shell."""
    part = _PART.match(path.stem)
    stem = part["stem"] if part else path.stem
    return re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-.") or "model"
