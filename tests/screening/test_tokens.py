"""Keys by shape and by the service's name; the ids are those of gitleaks."""

import re

import pytest

from routerd.screening import gitleaks, tokens


def test_every_pattern_compiles_and_its_word_is_within_reach() -> None:
    found = tokens.detectors()
    assert len(found) > 150
    for detector in found:
        assert detector.words
        assert all(word == word.lower() for word in detector.words)


@pytest.mark.parametrize(
    ("identity", "text"),
    [
        ("anthropic-api-key", "sk-ant-api03-" + "aB3_" * 23 + "xAA"),
        ("gcp-api-key", "AIza" + "aB3_-" * 7),
        ("aws-secret-access-key", 'aws_secret_access_key = "' + "aB3/+Q9xZ7" * 4 + '"'),
        (
            "private-key",
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nabcdefgh\n-----END PRIVATE KEY-----",
        ),
        ("heroku-api-key", "HEROKU_API_KEY=12345678-90ab-cdef-1234-567890abcdef"),
    ],
)
def test_a_key_is_found_by_its_detector(identity: str, text: str) -> None:
    finds = [d.id for d in tokens.detectors() if any(True for _ in d.find(text, text.lower()))]
    assert identity in finds


def test_what_is_covered_of_gitleaks_is_counted_honestly() -> None:
    ours = {detector.id for detector in tokens.detectors()}
    covered, missing = gitleaks.coverage()
    assert covered
    assert not covered & missing
    assert covered | missing == set(gitleaks.RULES)
    assert len(covered) / len(gitleaks.RULES) > 0.9
    assert {re.sub(r"[^a-z0-9-]", "", name) for name in ours} == ours
