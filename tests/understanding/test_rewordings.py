import random

import pytest

from routerd.understanding.rewordings import REWORDINGS, typo


def test_few_letters_get_no_typo_and_many_get_few() -> None:
    source = random.Random(1)  # A test's chance.
    assert typo("fix it", source, share=0.5) == "fix it"
    text = "rename the handler to something clearer"
    assert typo(text, source) != text
    assert abs(len(typo(text, source)) - len(text)) <= 1


@pytest.mark.parametrize("name", REWORDINGS)
def test_the_same_chance_rewords_alike_and_changes_something(name: str) -> None:
    text = "Why does the parser drop the last line?"
    first, second = (
        REWORDINGS[name](text, random.Random(3))  # A test's chance.
        for _ in range(2)
    )
    assert first == second
    assert first != text
