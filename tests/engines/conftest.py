"""Both bindings, whichever are installed, over real llama.cpp and tiny models."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from routerd.engines.bindings import installed_binding
from routerd.engines.pool import EnginePool
from tests.fakes import tiny_gguf
from tests.fakes.engine import Answers


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


@pytest.fixture
def answers(pool: EnginePool) -> Answers:
    return Answers(pool)
