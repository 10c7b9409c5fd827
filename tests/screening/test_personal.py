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
        ("iban", "to DE44500105175407324931 please", "DE44500105175407324931"),
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


@pytest.mark.parametrize(
    "text",
    [
        "# Copyright (c) 2026 Maria Keller <maria.keller@nordbank.eu>",
        " * Authors:\n *   Jonas Ito <jonas.ito@nordbank.eu>\n *   Wei Silva <wei@silva.org>",
        "# Author: Maria Keller\n#         maria.keller@nordbank.eu\n",
        "Signed-off-by: Jonas Ito <jonas.ito@nordbank.eu>",
        '{"name": "left-pad", "author": "Maria Keller <maria@keller.dev>", "license": "MIT"}',
        '"contributors": [\n  {\n    "name": "Joe Gallo",\n    "email": "joe@brassafrax.com"\n  }\n]',
        'authors = [{ name = "Maria Keller", email = "maria@keller.dev" }]',
        "git+https://maria@git.nordbank.eu/shop.git",
        "mail python-dev@python.org or bug-gnu-utils-users@gnu.org",
        "<f30c0419-f549-4218-848f-d7d0131da931@y3g2000vbm.groups.com>",
        "updated 'sd' -> 'sd_IN@devanagari.UTF-8'",
        "iban.parse('DE89370400440532013000') DE00000000000000000066",
        "seeds = [4220315081820346526, 7177518203184]",
        "ssn: 111-22-3333, phone +1234567890",
        "z +6073641856.9",
    ],
)
def test_who_made_something_and_what_documentation_shows_is_no_alarm(text: str) -> None:
    assert finds(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "From: Maria Keller <maria.keller@nordbank.eu>\nSubject: the invoice",
        '{"id": 7, "name": "Maria Keller", "email": "maria.keller@nordbank.eu"}',
        "# Copyright (c) 2026 Nordbank\n\nCUSTOMERS = ['maria.keller@nordbank.eu']",
        "please ask maria.keller@nordbank.eu who the author is",
    ],
)
def test_a_person_who_made_nothing_is_found(text: str) -> None:
    assert ("email", "maria.keller@nordbank.eu") in finds(text)
