"""The catalogue: names as engines spell them, the shipped file, and the user's over it."""

from pathlib import Path

import pytest

from routerd.core.errors import ConfigInvalid
from routerd.settings.catalogue_file import load, words

MINE = """
[[model]]
name = "house-model"
family = "own"
match = ["qwen2.5-coder:7b"]
ability = 2.5
ability_sd = 0.2
"""


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("qwen2.5-coder:7b-instruct-q4_K_M", "qwen2.5-coder-7b"),
        ("Qwen2.5-Coder-7B-Instruct-GGUF", "qwen2.5-coder-7b"),
        ("Qwen/Qwen2.5-Coder-7B-Instruct", "qwen2.5-coder-7b"),
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4.5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5"),
        ("claude-3-5-sonnet-20241022", "claude-3.5-sonnet"),
        ("llama3.1:8b", "llama-3.1-8b"),
        ("Meta-Llama-3-8B-Instruct.Q4_K_M.gguf", "llama-3-8b"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4-1106-preview", "gpt-4-turbo"),
        ("gpt-4", "gpt-4"),
        ("unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF", "qwen3-coder-30b"),
        ("gpt-oss-20b-mxfp4.gguf", "gpt-oss-20b"),
        ("google/gemma-3-27b-it-qat-q4_0-gguf", "gemma-3-27b"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral-8x7b"),
        ("deepseek-coder-v2:16b-lite-instruct-q4_0", "deepseek-coder-v2-lite"),
        ("DeepSeek-Coder-6.7B-instruct-Q4_K_M-00001-of-00002.gguf", "deepseek-coder-6.7b"),
        ("models/gemini-2.0-flash-001", "gemini-2.0-flash"),
        ("codestral-latest", "codestral-latest"),
        ("codestral:22b", "codestral-22b"),
        ("deepseek-v3.2", "deepseek-v3.2"),
    ],
)
def test_a_model_is_found_by_the_name_engines_give_it(name: str, entry: str) -> None:
    found = load().find(name)
    assert found is not None
    assert found.name == entry


@pytest.mark.parametrize(
    "name", ["", "/", "nobody:7b", "gpt-4o-realtime-xl", "qwen2.5-coder:9b", "claude", "7b"]
)
def test_a_model_that_is_not_there_is_none(name: str) -> None:
    assert load().find(name) is None


def test_words_keep_what_tells_models_apart() -> None:
    assert words("org/Some_Model-2.5-7B-Instruct-Q8_0.gguf") == ("some", "model", "2", "5", "7b")
    assert words("gpt-4o") != words("gpt-4")
    assert words("phi-3-mini") != words("phi-3-medium")


def test_the_shipped_catalogue_is_dated_large_and_sensible() -> None:
    catalogue = load()
    assert catalogue.dated
    assert len(catalogue.model) >= 60
    assert len({entry.name for entry in catalogue.model}) == len(catalogue.model)
    for entry in catalogue.model:
        assert -4.0 <= entry.ability <= 4.5
        assert 0.0 < entry.ability_sd <= 1.5
        assert entry.price is None or (entry.price.date and entry.price.source)
    assert sum(entry.basis == "fitted" for entry in catalogue.model) >= 40


def test_every_entry_is_found_by_its_own_name_and_patterns() -> None:
    catalogue = load()
    for entry in catalogue.model:
        for pattern in (entry.name, *entry.match):
            found = catalogue.find(pattern)
            assert found is not None
            assert found.name == entry.name


def test_the_users_entry_goes_before_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.toml"
    file.write_text(MINE, encoding="utf-8")
    found = load(file).find("qwen2.5-coder:7b-instruct-q8_0")
    assert found is not None
    assert (found.name, found.basis) == ("house-model", "user")
    other = load(file).find("gpt-4o")
    assert other is not None


def test_without_a_users_file_the_shipped_one_holds(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml") == load()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (MINE + "colour = 3\n", "model.0.colour: unknown key"),
        (MINE + "abilities = { cooking = 1.0 }\n", "model.0.abilities"),
        (MINE + "price = { input = 1.0, output = 2.0 }\n", "date"),
        ("[[model]]\nname = 'x'\n", "family"),
        ("= nothing", "not valid TOML"),
        (MINE.replace("2.5\nability_sd", "nan\nability_sd"), "not finite"),
    ],
)
def test_a_faulty_file_is_refused_and_the_fault_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "catalogue.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid) as caught:
        load(file)
    assert says in caught.value.message
    assert "catalogue.toml" in caught.value.message
