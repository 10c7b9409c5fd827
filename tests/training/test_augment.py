import random

from models.training.augment import Augmenter, typo

TEXT = "Why does the parser drop the last line?\ncode: python def parse(lines): return lines[:-1]"


def test_the_same_seed_rewords_alike() -> None:
    first, second = Augmenter(3, ["x = 1"]), Augmenter(3, ["x = 1"])
    assert [first.reword(TEXT) for _ in range(50)] == [second.reword(TEXT) for _ in range(50)]


def test_texts_are_often_changed_and_often_left() -> None:
    augmenter = Augmenter(3, [])
    same = sum(augmenter.reword(TEXT).text == TEXT for _ in range(400))
    assert 120 < same < 320


def test_code_is_never_touched_by_typos_or_casing() -> None:
    augmenter = Augmenter(3, [])
    for _ in range(200):
        _, *rest = augmenter.reword(TEXT).text.split("\n")
        assert rest in ([], ["code: python def parse(lines): return lines[:-1]"])


def test_few_letters_get_no_typo_and_many_get_few() -> None:
    source = random.Random(1)  # A test's chance.
    assert typo("fix it", source, share=0.5) == "fix it"
    text = "rename the handler to something clearer"
    assert typo(text, source, share=0.03) != text
    assert abs(len(typo(text, source, share=0.03)) - len(text)) <= 1


def test_at_times_words_are_left_out_but_never_from_short_asks() -> None:
    augmenter = Augmenter(3, [])
    long = "why does the parser drop the last line of every file"
    lengths = [len(augmenter.reword(long).text.split()) for _ in range(300)]
    assert min(lengths) < len(long.split()) <= max(lengths)
    short = "fix the parser"
    assert all(len(augmenter.reword(short).text.split()) >= 3 for _ in range(300))


def test_at_times_a_text_is_said_with_words_of_another_language() -> None:
    tongues = [{"parser": ["парсер"], "why": ["почему"]}, {"parser": ["解析器"]}]
    augmenter = Augmenter(3, [], tongues)
    said = [augmenter.reword("why does the parser drop parser.py").text for _ in range(400)]
    switched = [text for text in said if not text.isascii()]
    assert 0.05 * len(said) < len(switched) < 0.25 * len(said)
    assert any("почему" in text.lower() and "парсер" in text.lower() for text in switched)
    assert any("解析器" in text for text in switched)
    # File names stay as they are.
    assert not any("парсер." in text or "解析器." in text for text in said)


def test_at_times_code_lands_beside_an_ask_that_has_none_and_the_variant_says_so() -> None:
    augmenter = Augmenter(3, ["x = compute(y)"])
    variants = [augmenter.reword("why is it slow") for _ in range(400)]
    pasted = [variant for variant in variants if variant.pasted]
    assert 0.1 * len(variants) < len(pasted) < 0.3 * len(variants)
    assert all(("x = compute(y)" in one.text) == one.pasted for one in variants)
    heads = {variant.text.split("x = compute(y)")[0][-6:] for variant in pasted}
    assert any(head.endswith("code: ") for head in heads)
    assert "" in heads
    assert not any(augmenter.with_code(TEXT).pasted for _ in range(100))
