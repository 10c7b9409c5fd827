import pytest

from routerd.understanding.control_turns import is_steering


@pytest.mark.parametrize(
    "turn",
    [
        "yes",
        "ok, go ahead!",
        "2",
        "option b please",
        "👍",
        "",
        "sí, dale",
        "pode continuar",
        "oui, continue",
        "ja, weiter bitte",
        "да, продолжай",
        "好的。继续",
        "可以",
        "はい、続けてください。",
        "네 계속해줘",
        "tamam devam et",
    ],
)
def test_a_turn_that_only_steers(turn: str) -> None:
    assert is_steering(turn)


@pytest.mark.parametrize(
    "turn",
    [
        "yes, and add a test",
        "why?",
        "2 tests fail",
        "continue with the parser",
        "不对",
        "继续修复登录",
        "はい、テストを書いて",
        "ja aber der Build ist rot",
        "да, только почини сборку",
        "sí, pero en rojo",
    ],
)
def test_a_turn_that_asks_for_something(turn: str) -> None:
    assert not is_steering(turn)


def test_a_long_turn_is_never_steering() -> None:
    assert not is_steering("yes " * 30)
    assert not is_steering("ok " * 9)
