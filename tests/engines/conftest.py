"""Both bindings, whichever are installed, over real llama.cpp and tiny models."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from routerd.engines.bindings import installed_binding
from routerd.engines.pool import EnginePool
from tests.fakes import tiny_gguf

# One thread: with several, llama.cpp's spinning makes tiny models slow on a busy machine.
SETTINGS = {"context_tokens": 2048, "gpu_layers": 0, "threads": 1}


@pytest.fixture(params=["xllamacpp", "llama-cpp-python"])
def binding(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if not installed_binding(name):
        pytest.skip(f"{name} is not installed")
    return name


@pytest.fixture
async def pool(binding: str, tmp_path: Path) -> AsyncIterator[EnginePool]:
    async with EnginePool(tmp_path / "log", binding=binding) as opened:
        yield opened


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that answers tiny_gguf.REPLY."""
    return str(tiny_gguf.make(tmp_path_factory.mktemp("models") / "tiny.gguf"))


@pytest.fixture(scope="session")
def endless(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that goes on until its context is full."""
    path = tmp_path_factory.mktemp("models") / "endless.gguf"
    return str(tiny_gguf.make(path, " on and so forth", endless=True))


class Answers:
    """Asks a pool and takes the answer apart."""

    def __init__(self, pool: EnginePool) -> None:
        self.pool = pool
        self.settings = dict(SETTINGS)

    def opened(self, model: str, text: str = "hi", **body: Any) -> Any:
        """Open an answer; to be used under `async with`."""
        whole = {"messages": [{"role": "user", "content": text}], **body}
        return aclosing(self.pool.chat(model, self.settings, whole))

    async def events(self, model: str, text: str = "hi", **body: Any) -> list[Mapping[str, Any]]:
        """Return everything the pool yields."""
        async with self.opened(model, text, **body) as events:
            return [event async for event in events]

    async def ask(self, model: str, text: str = "hi", **body: Any) -> "Answer":
        """Return the whole answer."""
        return Answer(await self.events(model, text, **body))


class Answer:
    """A whole answer out of its chunks."""

    def __init__(self, events: list[Mapping[str, Any]]) -> None:
        chunks = [event for event in events if "choices" in event]
        choices = [chunk["choices"][0] for chunk in chunks]
        deltas = [choice["delta"] for choice in choices]
        self.text = "".join(delta.get("content") or "" for delta in deltas)
        self.thinking = "".join(delta.get("reasoning_content") or "" for delta in deltas)
        self.calls = [call for delta in deltas for call in delta.get("tool_calls") or ()]
        self.finish = choices[-1]["finish_reason"]
        self.usage = chunks[-1]["usage"]
        self.chunks = chunks


@pytest.fixture
def answers(pool: EnginePool) -> Answers:
    return Answers(pool)
