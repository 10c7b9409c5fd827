import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.understanding.spelling import MEANT, WORD, Speller, common_words

KNOWN = {word for word, rank in common_words().items() if rank < MEANT} | {"form", "teapot"}
SPELLER = Speller(KNOWN.__contains__)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("please udate the tests", "please update the tests"),
        ("waht does this funtion return", "what does this function return"),
        ("Documment the new endpointt please", "Document the new endpoint please"),
        ("WRITE SOEM MORE TETSS", "WRITE SOME MORE TESTS"),
        ("the buton shoudl be blue, taht is all", "the button should be blue, that is all"),
        ("rreview these changes", "review these changes"),
    ],
)
def test_a_slip_in_a_common_word_is_mended_in_its_case(typed: str, meant: str) -> None:
    assert SPELLER.mend(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "move the form above the teapot",
        "rename functionn.py and functionn() and my-functionn",
        "call fooBaar from the command line",
        "what does kubectl return when the cluster is down",
        "what are zzzzqqq and xylophonist",
        "list the deploymentz of these endpointd",
        "por favor actualiza la documentacion del servidor porque esta rota",
        "\u8bf7\u4fee\u590d funtion \u7684\u8fd4\u56de\u503c\uff0c\u8c22\u8c22",
    ],
)
def test_names_code_other_languages_and_far_words_stay(text: str) -> None:
    assert SPELLER.mend(text) == text


def test_a_text_full_of_strange_words_is_mended_at_its_head_alone() -> None:
    head = "please update the funtion and write some tests when that code works "
    log = " ".join(f"the qwx{chr(97 + n)}zk should" for n in range(20))
    assert SPELLER.mend(f"{head}{log} the buton") == f"{head}{log} the buton".replace(
        "funtion", "function"
    )


def test_the_words_are_in_order_of_use_and_hold_no_names_with_marks() -> None:
    words = common_words()
    assert list(words.values()) == list(range(len(words)))
    assert words["file"] < words["wildcard"]
    assert all(WORD.fullmatch(word) for word in words)


@given(st.text(max_size=300))
def test_any_text_is_mended_once_for_all(text: str) -> None:
    mended = SPELLER.mend(text)
    assert len(mended.split()) == len(text.split())
