"""Gaps in code, as each family wants them written."""

import pytest

from routerd.dialects.fim_prompts import find


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        ("qwen2.5-coder-1.5b-q4_k_m", "<|fim_prefix|>A<|fim_suffix|>B<|fim_middle|>"),
        ("Qwen3-Coder-30B-A3B", "<|fim_prefix|>A<|fim_suffix|>B<|fim_middle|>"),
        ("codegemma-2b", "<|fim_prefix|>A<|fim_suffix|>B<|fim_middle|>"),
        ("codeqwen1.5-7b", "<fim_prefix>A<fim_suffix>B<fim_middle>"),
        ("starcoder2-3b", "<fim_prefix>A<fim_suffix>B<fim_middle>"),
        ("granite-8b-code-base", "<fim_prefix>A<fim_suffix>B<fim_middle>"),
        ("deepseek-coder-6.7b-base", "<｜fim▁begin｜>A<｜fim▁hole｜>B<｜fim▁end｜>"),  # noqa: RUF001
        ("codellama-7b-code", "<PRE> A <SUF>B <MID>"),
        ("codestral-22b-v0.1", "[SUFFIX]B[PREFIX]A"),
    ],
)
def test_every_family_has_its_own_marks(model: str, prompt: str) -> None:
    found = find(model)
    assert found is not None
    assert found.render("A", "B") == prompt


@pytest.mark.parametrize(
    "model", ["llama-3.1-8b", "qwen2.5-7b-instruct", "devstral-small", "phi-4"]
)
def test_models_for_chat_alone_fill_no_gaps(model: str) -> None:
    assert find(model) is None


def test_braces_and_marks_in_the_code_stay_as_they_are() -> None:
    found = find("qwen2.5-coder")
    assert found is not None
    assert found.render("f'{suffix}'", "{prefix}") == (
        "<|fim_prefix|>f'{suffix}'<|fim_suffix|>{prefix}<|fim_middle|>"
    )
