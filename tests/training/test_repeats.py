from models.training.repeats import near_repeats


def test_texts_that_differ_in_a_word_are_near_repeats() -> None:
    first = "please add a retry with backoff to the upload client and log every attempt it makes"
    assert near_repeats([first, "something else", first.replace("makes", "made") + "!"]) == [(0, 2)]


def test_texts_on_one_topic_are_not() -> None:
    assert near_repeats(["add a retry to the upload client", "the upload client needs tests"]) == []


def test_short_texts_repeat_only_when_equal() -> None:
    assert near_repeats(["fix it", "fix that", "Fix it!"]) == [(0, 2)]


def test_repeats_of_the_first_texts_alone_can_be_looked_for() -> None:
    texts = ["move the cache out of the way", "drop the old table now please"]
    texts += ["move the cache out of the way", "add a test for the parser now"] * 2
    assert near_repeats(texts, of_first=2) == [(0, 2), (0, 4)]
    assert near_repeats(texts) == [(0, 2), (0, 4), (2, 4), (3, 5)]
