"""Data that names or identifies a person: addresses, numbers of cards, accounts and people."""

import re

from routerd.screening.detector import Detector

_NO_ONE = re.compile(
    r"(?i)(?:^|[.@])(?:example\.(?:com|org|net)|example|test|invalid|localhost|local|email\.com|"
    r"domain\.com|company\.com|mail\.com|acme\.(?:com|org)|foo\.\w+|bar\.\w+|users\.noreply\.github\.com)$"
    r"|^(?:no-?reply|noreply|git|user|users|username|name|email|you|your|someone|admin|root|info|"
    r"support|hello|contact|sales|foo|bar|test\w*|me|a|b|x|security|abuse|webmaster|postmaster|"
    r"hostmaster|legal|licensing|opensource|press|privacy|feedback|help|bugs?|team|maintainers|"
    r"example|someuser|someone|foo\w{0,3}|(?:[\w.]+-)*(?:dev|devel|sig|list|lists|users|announce|bugs|"
    r"patches|maintainers|help|core|team|security|discuss|commits))@"
)
# Who wrote a file says so to everybody: a notice of copyright, a credit, a trailer of a commit.
_CREDIT = re.compile(
    r"(?i)copyright|\(c\)|\xa9|\bauthors?\b|__(?:author|email|maintainer|credits)|\bmaintain(?:er|ed)|"
    r"\bcontribut(?:or|ed|ions?)\b|\bwritten\s(?:in \d{4} )?by|\bcloned by|\bcreated by|\bdeveloped by|\bmodified by|\bpatch(?:es)? (?:by|from)|"
    r"\bthanks (?:to|go)|\b(?:original(?:ly)?|code|fix(?:ed|es)?|port(?:ed)?|idea|based on) (?:work )?(?:by|from)|"
    r"\b(?:signed-off|co-authored|reviewed|reported|tested|acked|suggested|committed)[- ]by|"
    r"\b(?:added|updated|reported|suggested|rewritten|invented) by\b|\bcontributers\b|"
    r"\blicen[sc]ed?\b|\bcommit(?:ter)?:|\bbugs? (?:reports? )?to\b|\bpackager\b"
)
# The same in the description of a package.
_CREDIT_KEY = re.compile(
    r"(?i)[\"']?\b(?:authors?(?:[-_]email)?|contributors|maintainers?(?:[-_]email)?|publisher|_npmuser|bugs|funding)"
    r"[\"']?\s{0,3}[:=]\s{0,3}[\[{\"'<\w]"
)
_CODE_SUFFIX = re.compile(
    r"(?i)\.(?:py|js|ts|png|jpg|svg|css|json|yaml|yml|md|html?|lock|java|rs|go)$"
)
_IBAN_LENGTHS = {
    "AT": 20, "BE": 16, "CH": 21, "CZ": 24, "DE": 22, "DK": 18, "ES": 24, "FI": 18, "FR": 27,
    "GB": 22, "IE": 22, "IT": 27, "LU": 20, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "SE": 24,
}  # fmt: skip
# The registry's own examples, in every documentation and test.
_EXAMPLE_IBANS = frozenset((
    "AT611904300234573201", "BE68539007547034", "CH9300762011623852957",
    "DE89370400440532013000", "DK5000400440116243", "ES9121000418450200051332",
    "FI2112345600000785", "FR1420041010050500013M02606", "GB29NWBK60161331926819",
    "GB82WEST12345698765432", "GB33BUKB20201555555555", "IE29AIBK93115212345678",
    "IT60X0542811101000000123456", "LU280019400644750000", "NL91ABNA0417164300",
    "NO9386011117947", "PL61109010140000071219812874", "PT50000201231234567890154",
    "SE4550000000058398257466",
))  # fmt: skip


# Nothing but the signs of a comment up to the end of the line.
_BARE = re.compile(r"[\s#*/;%.\"'-]*(?:$|\n)")
# A message's number, not a person's: hexadecimal, or mostly digits.
_MACHINE = re.compile(
    r"[0-9a-f.\-]{16,}|(?=(?:[^\d@]*\d){6})[\w.\-+%]{16,}|\d{1,3}|(.)\1*", re.IGNORECASE
)


def is_credit(text: str, start: int, end: int) -> bool:
    """Whether an address at text[start:end] stands in a notice of who made something, or in a URL.

    On the line itself any address counts, within eight hundred characters after it one behind a name (`Name
    <address>`); in the description of a package those of its people.
    """
    line = text[max(text.rfind("\n", 0, start) + 1, start - 200) : start]
    if _CREDIT.search(line) or "://" in line.rpartition(" ")[2]:
        return True  # what stands before the @ of a URL is a user's name of a server
    before = text[max(0, start - 1200) : start]
    if _CREDIT_KEY.search(before[-900:]):
        return True
    named = text[start - 1 : start] in ("<", "(") and text[end : end + 1] in (">", ")")
    alone = _BARE.fullmatch(line) is not None and _BARE.match(text, end) is not None
    return (named or alone) and _CREDIT.search(before[-800:]) is not None


def is_email(text: str) -> bool:
    """Whether this is a person's address and none of documentation, software or a file."""
    name, _, domain = text.partition("@")
    if _MACHINE.fullmatch(name) or len(domain.partition(".")[0]) < 2:
        return False
    return not _NO_ONE.search(text) and not _CODE_SUFFIX.search(text)


def is_card(text: str) -> bool:
    """Whether the digits are a card's: Luhn's sum, a known first digit, not a test number."""
    digits = [int(c) for c in text if c.isdigit()]
    # A bare number of more than 16 digits is more often a number: a tenth of all have Luhn's sum.
    most = 16 if text.isdigit() else 19
    if not 13 <= len(digits) <= most or len(set(digits)) < 4:
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
    if compact in _EXAMPLE_IBANS or len(set(compact[4:])) < 4:
        return False
    if _IBAN_LENGTHS.get(compact[:2]) != len(compact):
        return False
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def is_ssn(text: str) -> bool:
    """Whether a US social security number of this form was ever given out."""
    area, group, serial = text.split("-")
    if all(len(set(part)) == 1 for part in (area, group, serial)):
        return False
    never = area in ("000", "666") or area >= "900" or group == "00" or serial == "0000"
    return not never and text not in ("123-45-6789", "078-05-1120", "219-09-9999")


def is_phone(text: str) -> bool:
    """Whether an international number has as many digits as one has, and isn't an example."""
    digits = "".join(c for c in text if c.isdigit())
    made_up = "555" in digits[1:6] or digits.startswith(("123456", "198765"))
    return 9 <= len(digits) <= 15 and len(set(digits)) >= 4 and not made_up


def detectors() -> tuple[Detector, ...]:
    """Return all of them."""
    table = (
        ("email", r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){0,4}\.[A-Za-z]{2,12}(?!-\w)", "@", is_email),
        ("credit-card", r"(?<![\d.\-])(?:[3-6]\d{3}[ \-]?\d{4,6}[ \-]?\d{4,5}(?:[ \-]?\d{1,4})?)(?![\d.\-])", "", is_card),
        ("iban", r"[A-Z]{2}\d{2} ?(?:[A-Z0-9]{4} ?){2,7}[A-Z0-9]{1,4}", "", is_iban),
        ("us-ssn", r"(?<![\d\-])\d{3}-\d{2}-\d{4}(?![\d\-])", "-", is_ssn),
        ("phone", r"(?<![\w+])\+[1-9]\d{0,2}[ .\-]?(?:\(\d{1,4}\)[ .\-]?)?\d{2,4}(?:[ .\-]?\d{2,4}){2,4}(?!\w|\.\d)", "+", is_phone),
    )  # fmt: skip
    return tuple(
        Detector(
            identity,
            re.compile(pattern),
            (word,) if word else (),
            "personal",
            check,
            harmless=is_credit if identity == "email" else None,
        )
        for identity, pattern, word, check in table
    )
