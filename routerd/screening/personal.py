"""Data that names or identifies a person: addresses, numbers of cards, accounts and people."""

import re

from routerd.screening.detector import Detector

_NO_ONE = re.compile(
    r"(?i)(?:^|[.@])(?:example\.(?:com|org|net)|example|test|invalid|localhost|local|email\.com|"
    r"domain\.com|company\.com|mail\.com|acme\.(?:com|org)|foo\.\w+|bar\.\w+|users\.noreply\.github\.com)$"
    r"|^(?:no-?reply|noreply|git|user|users|username|name|email|you|your|someone|admin|root|info|"
    r"support|hello|contact|sales|foo|bar|test\w*|me|a|b|x)@"
)
_CODE_SUFFIX = re.compile(
    r"(?i)\.(?:py|js|ts|png|jpg|svg|css|json|yaml|yml|md|html?|lock|java|rs|go)$"
)
_IBAN_LENGTHS = {
    "AT": 20, "BE": 16, "CH": 21, "CZ": 24, "DE": 22, "DK": 18, "ES": 24, "FI": 18, "FR": 27,
    "GB": 22, "IE": 22, "IT": 27, "LU": 20, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "SE": 24,
}  # fmt: skip


def is_email(text: str) -> bool:
    """Whether this is a person's address and none of documentation, software or a file."""
    return not _NO_ONE.search(text) and not _CODE_SUFFIX.search(text)


def is_card(text: str) -> bool:
    """Whether the digits are a card's: Luhn's sum, a known first digit, not a test number."""
    digits = [int(c) for c in text if c.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) < 4:
        return False
    # The numbers that payment services publish for tests.
    if "".join(map(str, digits)) in ("4242424242424242", "4111111111111111", "5555555555554444"):
        return False
    doubled = [
        d if place % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2)
        for place, d in enumerate(reversed(digits))
    ]
    return sum(doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether this is an account's number: length by country and remainder 1 by 97 (ISO 13616)."""
    compact = text.replace(" ", "")
    if _IBAN_LENGTHS.get(compact[:2]) != len(compact):
        return False
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def is_ssn(text: str) -> bool:
    """Whether a US social security number of this form was ever given out."""
    area, group, serial = text.split("-")
    never = area in ("000", "666") or area >= "900" or group == "00" or serial == "0000"
    return not never and text not in ("123-45-6789", "078-05-1120", "219-09-9999")


def is_phone(text: str) -> bool:
    """Whether an international number has as many digits as one has, and isn't an example."""
    digits = "".join(c for c in text if c.isdigit())
    return 9 <= len(digits) <= 15 and len(set(digits)) >= 4 and "555" not in digits[1:6]


def detectors() -> tuple[Detector, ...]:
    """Return all of them."""
    table = (
        ("email", r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){0,4}\.[A-Za-z]{2,12}", "@", is_email),
        ("credit-card", r"(?<![\d.\-])(?:[3-6]\d{3}[ \-]?\d{4,6}[ \-]?\d{4,5}(?:[ \-]?\d{1,4})?)(?![\d.\-])", "", is_card),
        ("iban", r"[A-Z]{2}\d{2} ?(?:[A-Z0-9]{4} ?){2,7}[A-Z0-9]{1,4}", "", is_iban),
        ("us-ssn", r"(?<![\d\-])\d{3}-\d{2}-\d{4}(?![\d\-])", "-", is_ssn),
        ("phone", r"(?<![\w+])\+[1-9]\d{0,2}[ .\-]?(?:\(\d{1,4}\)[ .\-]?)?\d{2,4}(?:[ .\-]?\d{2,4}){2,4}(?!\w)", "+", is_phone),
    )  # fmt: skip
    return tuple(
        Detector(identity, re.compile(pattern), (word,) if word else (), "personal", check)
        for identity, pattern, word, check in table
    )
