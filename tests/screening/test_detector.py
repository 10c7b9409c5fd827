"""Second looks: what is random, what a password, what only stands for one."""

import re

import pytest

from routerd.screening.detector import (
    Detector,
    Panel,
    entropy,
    is_stand_in,
    looks_like_a_password,
    looks_random,
    lowered,
)


@pytest.mark.parametrize(
    "text",
    ["your-api-key", "changeme", "${DB_PASSWORD}", "<token>", "xxxxxxxx", "password", "aaaa1111"],
)
def test_what_stands_for_a_secret_is_none(text: str) -> None:
    assert is_stand_in(text)
    assert not looks_random(text)
    assert not looks_like_a_password(text)


def test_keys_look_random_and_words_do_not() -> None:
    assert looks_random("9f86d081884c7d659a2feaa0c55ad015")
    assert not looks_random("a-long-identifier-without-digits")
    assert looks_like_a_password("Kolibri77!")
    assert not looks_like_a_password("os.environ")
    assert not looks_like_a_password("get_password(user)")
    assert entropy("") == 0
    assert entropy("abcd") == 2


def test_a_find_may_not_be_a_piece_of_a_longer_word() -> None:
    detector = Detector("d", re.compile("key_[a-z]{4}"), ("key_",))
    text = "key_abcd xkey_abcd key_abcdz (key_efgh)"
    assert [text[a:b] for a, b in detector.find(text, text)] == ["key_abcd", "key_efgh"]


def test_an_anchored_detector_tries_only_where_its_words_are() -> None:
    detector = Detector("d", re.compile(r"(?i)token=(\w+)"), ("token",), anchored=True)
    text = "TOKEN=abc token token=def"
    assert [text[a:b] for a, b in detector.find(text, text.lower())] == ["abc", "def"]


def test_only_detectors_whose_words_occur_are_asked_in_their_order() -> None:
    one, two = Detector("1", re.compile("a"), ("a",)), Detector("2", re.compile("b"), ("b",))
    always = Detector("3", re.compile("c"))
    panel = Panel([one, two, always])
    assert [d.id for d in panel.concerned("xxb")] == ["2", "3"]


def test_lower_case_keeps_the_length() -> None:
    assert lowered("İSTANBUL ABC") == "İstanbul abc"
    assert lowered("ÄB") == "äb"
