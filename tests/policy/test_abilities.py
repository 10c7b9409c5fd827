"""Where a model stands before anything is known of it but its name and size."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.policy.abilities import SIZED_SD, UNKNOWN, UNKNOWN_SD, Guess, guess, size_from_name


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("qwen2.5-coder:7b", 7),
        ("qwen2.5-coder-1.5b-instruct-q4_k_m", 1.5),
        ("Qwen2.5_Coder_32B_Instruct", 32),
        ("mixtral-8x7b", 56),
        ("qwen3-30b-a3b", 30),
        ("gpt-oss:20b", 20),
        ("Llama 3.1 70 B", 70),
        ("smollm2-135m", 0.135),
        ("gemma3:270m", 0.27),
        ("qwen2.5-7b-instruct-1m", 7),
        ("org/llama-3-8b", 8),
        ("phi-3-mini", 0),
        ("model-4bit", 0),
        ("iq3_m", 0),
        ("q4_k_m", 0),
        ("gemma3n:e4b", 0),
        ("claude-sonnet", 0),
        ("", 0),
    ],
)
def test_the_size_is_read_off_the_name(name: str, billions: float) -> None:
    assert size_from_name(name) == pytest.approx(billions)


def test_a_7b_code_model_stands_at_one_and_each_doubling_adds_a_quarter() -> None:
    assert guess("some-coder:7b").ability == pytest.approx(1.0)
    assert guess("some-coder:14b").ability == pytest.approx(1.24, abs=0.01)
    assert guess("some-coder:7b").sd == SIZED_SD


def test_a_code_model_stands_before_a_general_one_of_its_size() -> None:
    assert guess("qwen-coder:7b").ability > guess("qwen:7b").ability


def test_the_engines_own_size_goes_before_the_name() -> None:
    assert guess("odd-70b", 7.0) == guess("odd-7b")


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan])
def test_a_model_of_unknown_size_is_a_wide_guess(size: float) -> None:
    assert guess("claude", size) == Guess(UNKNOWN, UNKNOWN_SD)


def test_a_tiny_model_stands_below_an_unknown_one() -> None:
    assert guess("smollm2-135m").ability < UNKNOWN


def test_a_size_next_to_nothing_is_at_the_bottom_of_the_scale() -> None:
    assert guess("odd", 5e-324).ability == -4.0


@given(name=st.text(), size=st.floats())
def test_every_guess_is_on_the_scale(name: str, size: float) -> None:
    assert -4.0 <= guess(name, size).ability <= 4.5
    assert size_from_name(name) >= 0.0
