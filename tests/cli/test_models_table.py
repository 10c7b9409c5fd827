"""`routerd models`: what every column says, and that a reason stands where a model can't be used."""

import io
from dataclasses import asdict, replace
from typing import Any

import pytest
from rich.console import Console

from routerd.cli import models_table
from routerd.core.status import EngineStatus, ModelStatus
from tests.cli import golden

PLAIN = ModelStatus(
    name="ollama/qwen2.5-coder:7b",
    provider="ollama",
    zone="device",
    context_tokens=32_768,
    capabilities=("tools", "fim"),
    warm=False,
    usable=True,
    reason="",
    parameters_b=7.6,
    health=1.0,
    tokens_per_s=31.4,
    engine="ollama",
    ability=1.04,
    ability_sd=0.3,
    load_s=4.7,
)
CLOUD = replace(
    PLAIN,
    name="anthropic/claude-sonnet-5",
    provider="anthropic",
    zone="cloud",
    engine="anthropic",
    warm=True,
    usable=False,
    reason="anthropic has no key: `routerd keys set anthropic`",
    price_input=3.0,
    price_cached_input=0.3,
    price_output=15.0,
)
WIDTHS = (80, 100)
PICTURES = {
    "models": (
        models_table.show,
        {
            "models": [
                asdict(PLAIN),
                asdict(replace(PLAIN, name="ollama/nomic-embed-text:latest", warm=True,
                               capabilities=("embeddings",), context_tokens=2048)),
                asdict(replace(PLAIN, name="ollama/broken:7b", usable=False, reason="no tensors")),
                asdict(replace(CLOUD, usable=True, context_tokens=200_000, loaded_tokens=0)),
                asdict(replace(PLAIN, name="llamacpp/plumbing-check", provider="llamacpp",
                               plumbing=True, capabilities=("json_schema",))),
            ],
            "engines": [
                asdict(EngineStatus("ollama", "ollama", "device", "http://a", True, 2)),
                asdict(EngineStatus("anthropic", "anthropic", "cloud", "https://b", True, 1)),
                asdict(EngineStatus("llamacpp", "llamacpp", "device", "~/m", True, 0)),
                asdict(EngineStatus("lmstudio", "lmstudio", "device", "http://c", False, 0, "no")),
            ],
            "state": "ready",
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("width", WIDTHS)
def test_it_looks_as_it_was_found_good(width: int) -> None:
    text = golden.drawn(*PICTURES["models"], width)
    assert max(map(len, text.splitlines())) <= width
    assert text == golden.kept("models", width).read_text("utf-8")


def drawn(*models: ModelStatus, engines: tuple[EngineStatus, ...] = ()) -> str:
    out = Console(file=io.StringIO(), width=240)
    found = {
        "models": [asdict(model) for model in models],
        "engines": [asdict(engine) for engine in engines],
        "state": "ready",
    }
    models_table.show(found, out)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_one_row_says_everything_of_a_model() -> None:
    row = drawn(PLAIN).splitlines()[1].split()
    assert row == [
        "ollama/qwen2.5-coder:7b",
        *("ollama", "device", "32,768", "tools,", "fim", "5", "s", "31", "1.0±0.3", "-", "1.00"),
        "yes",
    ]


def test_a_model_that_can_not_be_used_says_why() -> None:
    row = drawn(CLOUD).splitlines()[1]
    assert "3/0.3/15" in row
    assert "`routerd keys set anthropic`" in row
    assert "warm" in row


def test_engines_out_of_reach_are_named_below() -> None:
    gone = EngineStatus("lmstudio", "lmstudio", "device", "http://127.0.0.1:1234", False, 0, "no")
    assert "lmstudio (http://127.0.0.1:1234): no" in drawn(PLAIN, engines=(gone,))


@pytest.mark.parametrize(
    ("most", "now", "text"),
    [
        (32_768, 0, "32,768"),
        (32_768, 4096, "4,096 of 32,768"),
        (32_768, 32_768, "32,768"),
        (0, 4096, "4,096"),
        (0, 0, "?"),
    ],
)
def test_the_window_in_effect_is_told_apart_from_what_could_be(
    most: int, now: int, text: str
) -> None:
    model: dict[str, Any] = {"context_tokens": most, "loaded_tokens": now}
    assert models_table.context(model) == text
