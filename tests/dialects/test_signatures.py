"""Whose thinking a signature belongs to."""

from routerd.dialects.signatures import is_unmarked, opened, sealed


def test_only_the_vendor_that_signed_can_open() -> None:
    signature = sealed("gemini", "abc")
    assert opened("gemini", signature) == "abc"
    assert opened("openai", signature) == ""
    assert not is_unmarked(signature)


def test_nothing_signed_is_nothing() -> None:
    assert sealed("gemini", "") == ""
    assert opened("gemini", "") == ""
    assert not is_unmarked("")


def test_a_signature_without_a_name_is_not_opened_by_others() -> None:
    assert is_unmarked("EqQB")
    assert opened("gemini", "EqQB") == ""
