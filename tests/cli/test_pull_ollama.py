"""Pulling by way of Ollama: whole commands against a fake server over a real socket."""

from pathlib import Path

import pytest

from routerd.cli.pull_ollama import model_name, provider
from routerd.core.config import Config
from routerd.core.errors import RouterdError
from routerd.network.outbound import HttpOutbound
from tests.fakes.daemon import routerd
from tests.fakes.ollama_server import FakeOllama


def _pull(home: Path, source: str, config: str = "") -> tuple[int, str]:
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "config.toml").write_text(config, encoding="utf-8")
    with FakeOllama() as server:
        ran = routerd(home, "pull", source, OLLAMA_HOST=server.url)
        return ran.returncode, ran.stdout + ran.stderr + "".join(server.models)


def test_a_model_is_pulled_by_ollama(tmp_path: Path) -> None:
    code, told = _pull(tmp_path / "home", "new-coder:7b")
    assert code == 0
    assert "new-coder:7b is in Ollama." in told


def test_a_model_that_does_not_exist_says_so(tmp_path: Path) -> None:
    code, told = _pull(tmp_path / "home", "ollama:missing")
    assert code == 1
    assert "file does not exist" in told


def test_offline_ollama_is_not_asked_to_download(tmp_path: Path) -> None:
    code, told = _pull(tmp_path / "home", "new-coder:7b", "offline = true\n")
    assert code == 1
    assert "Offline mode is on" in told
    assert "new-coder:7b is in" not in told


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("qwen2.5-coder:7b", "qwen2.5-coder:7b"),
        ("ollama:llama3.2", "llama3.2"),
        ("ollama:hf.co/owner/repo:Q4_K_M", "hf.co/owner/repo:Q4_K_M"),
        ("Owner/Repo/file.gguf", ""),
        ("https://models.example.org/m.gguf", ""),
        ("http://127.0.0.1:9/m.gguf", ""),
    ],
)
def test_what_means_a_model_of_ollamas(source: str, name: str) -> None:
    assert model_name(source) == name


@pytest.mark.parametrize("source", ["ollama:", "ollama:a b", "ollama:../../x;y"])
def test_what_is_no_name_is_refused(source: str) -> None:
    with pytest.raises(RouterdError, match="no name of a model"):
        model_name(source)


def test_without_any_ollama_it_says_so() -> None:
    with pytest.raises(RouterdError, match="No Ollama is configured"):
        provider(Config(discover=False), {}, HttpOutbound())
