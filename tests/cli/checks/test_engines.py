"""Engines as a daemon saw them, and an Ollama that is asked for its version."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from routerd.cli.checks import engines
from routerd.core.config import Config, ProviderConfig
from routerd.core.status import EngineStatus
from tests.cli.checks.scenes import found, levels, scene
from tests.cli.test_models_table import CLOUD, PLAIN
from tests.fakes.http_server import Call, FakeServer, Wire, closed_port_url
from tests.fakes.ollama_server import VERSION, FakeOllama

GB = 1_000_000_000


def engine(**more: Any) -> dict[str, Any]:
    told = {"name": "ollama", "kind": "ollama", "zone": "device", "address": "http://127.0.0.1:1",
            "up": True, "models": 2, **more}  # fmt: skip
    return asdict(EngineStatus(**told))


def model(**more: Any) -> dict[str, Any]:
    return {**asdict(PLAIN), **more}


DOWN = {"up": False, "models": 0, "detail": "ollama refused the connection; is it running?"}


def test_an_engine_that_nobody_configured_may_be_off_and_a_configured_one_may_not(
    tmp_path: Path,
) -> None:
    seen = {"engines": [engine(), engine(**DOWN)]}
    assert levels(engines.engines, scene(tmp_path, seen=seen)) == ["ok", "note"]
    named = Config(provider=(ProviderConfig("ollama", "ollama"),))
    told = found(engines.engines, scene(tmp_path, seen=seen, config=named))
    assert (told[1].level, told[1].fix) == ("warning", "ollama serve")


def test_a_cloud_without_its_key_says_how_to_store_it(tmp_path: Path) -> None:
    cloud = engine(name="anthropic", kind="anthropic", zone="cloud", up=False, detail="no key")
    (told,) = found(engines.engines, scene(tmp_path, seen={"engines": [cloud]}))
    assert (told.level, told.fix) == ("warning", "routerd keys set anthropic")


@pytest.mark.parametrize(
    ("models", "level"),
    [
        ([], "problem"),
        ([model(usable=False)], "problem"),
        ([model(plumbing=True)], "problem"),
        ([model(capabilities=("embeddings",))], "problem"),
        ([{**asdict(CLOUD), "usable": True}], "note"),
        ([model()], "ok"),
    ],
)
def test_without_a_model_for_work_there_is_a_problem(
    tmp_path: Path, models: list[dict[str, Any]], level: str
) -> None:
    assert levels(engines.models, scene(tmp_path, seen={"models": models})) == [level]


class OldOllama(FakeServer):
    version = "0.5.13"

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        await wire.json(200, {"version": self.version})


@pytest.mark.parametrize(
    ("version", "level"), [("0.5.13", "problem"), ("0.9.6", "warning"), ("0.12.0-rc1", "ok")]
)
def test_an_ollama_too_old_to_say_what_is_needed_is_told(
    tmp_path: Path, version: str, level: str
) -> None:
    with OldOllama() as server:
        server.version = version
        seen = {"engines": [engine(address=server.url)]}
        assert levels(engines.versions, scene(tmp_path, seen=seen)) == [level]


def test_the_version_comes_from_ollama_itself_and_its_silence_is_nothing(tmp_path: Path) -> None:
    with FakeOllama() as server:
        seen = {"engines": [engine(address=server.url)]}
        (told,) = found(engines.versions, scene(tmp_path, seen=seen))
    assert told.what == f"Ollama {VERSION}"
    gone = {"engines": [engine(address=closed_port_url()), engine(address="http://10.0.0.1:1")]}
    assert found(engines.versions, scene(tmp_path, seen=gone)) == []


def test_a_window_too_small_for_an_agent_is_told_with_the_setting(tmp_path: Path) -> None:
    small = model(engine="llamacpp", context_tokens=8192, name="llamacpp/x")
    (told,) = found(engines.windows, scene(tmp_path, seen={"models": [small]}))
    assert told.level == "warning"
    assert "8,192" in told.what
    assert "context_tokens" in told.fix
    assert levels(engines.windows, scene(tmp_path, seen={"models": [model()]})) == ["ok"]


def test_ollamas_default_window_is_noted_until_it_is_set(tmp_path: Path) -> None:
    seen = {"engines": [engine()], "models": [model()]}
    assert levels(engines.windows, scene(tmp_path, seen=seen)) == ["note", "ok"]
    told = {"OLLAMA_CONTEXT_LENGTH": "32768"}
    assert levels(engines.windows, scene(tmp_path, seen=seen, environ=told)) == ["ok", "ok"]


def test_models_larger_than_the_machine_are_told(tmp_path: Path) -> None:
    huge = model(size_bytes=10_000 * GB, warm=True)
    assert levels(engines.memory, scene(tmp_path, seen={"models": [huge]})) == [
        "warning",
        "warning",
        "ok",
    ]
    assert levels(engines.memory, scene(tmp_path, seen={"models": [model(size_bytes=GB)]})) == [
        "ok"
    ]
