"""Data about people."""

import pytest

from routerd.screening import personal


def finds(text: str) -> list[tuple[str, str]]:
    return [(d.id, text[a:b]) for d in personal.detectors() for a, b in d.find(text, text.lower())]


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("email", "ask maria.keller@nordbank.eu.", "maria.keller@nordbank.eu"),
        ("credit-card", "card 4539 5787 6362 1486", "4539 5787 6362 1486"),
        ("iban", "to DE89370400440532013000 please", "DE89370400440532013000"),
        ("us-ssn", "ssn 536-22-8726", "536-22-8726"),
        ("phone", "call +49 171 2345678", "+49 171 2345678"),
    ],
)
def test_it_is_found(kind: str, text: str, found: str) -> None:
    assert (kind, found) in finds(text)


@pytest.mark.parametrize(
    "text",
    [
        "user@example.com",
        "git@github.com:owner/repo.git",
        "noreply@anthropic.com",
        "icon@2x.png",
        "@app.route('/x')",
        "4242 4242 4242 4242",
        "1234 5678 9012 3456",
        "DE00370400440532013000",
        "123-45-6789",
        "2026-11-27",
        "x = +1234567",
        "+1 555 0100",
        "version 10.20.30.40",
    ],
)
def test_what_names_nobody_raises_no_alarm(text: str) -> None:
    assert finds(text) == []
