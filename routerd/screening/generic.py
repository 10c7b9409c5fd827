"""Secrets without a shape or a service: what is assigned to a word for a secret, or sent as one."""

import re

from routerd.screening.detector import (
    Detector,
    entropy,
    is_stand_in,
    looks_like_a_password,
    looks_random,
)

# Where a generic key begins: its name, or the last word of it.
_KEY_WORDS = (
    "secret", "token", "credential", "auth", "api_key", "apikey", "api-key", "access_key",
    "accesskey", "access-key", "private_key", "privatekey", "signing_key", "encryption_key",
    "master_key", "service_key", "session_key", "account_key", "storage_key", "admin_key",
)  # fmt: skip
_KEY_NAMES = "|".join(_KEY_WORDS)
_ASSIGNED = r"[\w.\-]{0,20}[\"'\]]{0,2}[ \t]{0,4}(?:=>|:=|==?|:)[ \t]{0,4}"
_PASSWORD_WORDS = ("password", "passwd", "passphrase", "passcode", "pwd", "_pass")
_PASSWORD_NAMES = "|".join(_PASSWORD_WORDS)


def _strong(text: str) -> bool:
    """Whether this is a generated key and no identifier, path, hash of a commit or version."""
    if not looks_random(text) or entropy(text) < 3.4:
        return False
    digits = sum(c.isdigit() for c in text)
    words = re.fullmatch(r"[a-z]+(?:[_\-.][a-z0-9]+)*|[A-Z]+(?:_[A-Z0-9]+)*", text)
    named = words or _DOTTED.fullmatch(text)
    return digits >= 2 and not named and "/" not in text[:1] and "://" not in text


# A member of a module: rfc3447.RSAPrivateKey.
_DOTTED = re.compile(r"[A-Za-z_]\w{0,24}(?:\.[A-Za-z_]\w{0,24})+")


def _sent(text: str) -> bool:
    return looks_random(text) and not _DOTTED.fullmatch(text)


def _base64_text(text: str) -> bool:
    return len(text) >= 12 and not is_stand_in(text)


def _spoken(text: str) -> bool:
    """Whether a word said to be a password is one: with a digit or sign inside, no prose."""
    inside = text.strip("\"'`.!?()[]{}<>*_")
    return looks_like_a_password(inside) and any(c.isdigit() for c in inside)


_DETECTORS = (
    Detector(
        "generic-api-key",
        re.compile(
            rf"(?i)(?:{_KEY_NAMES}){_ASSIGNED}(?:bearer |basic )?[\"'`]([^\s\"'`]{{10,200}})[\"'`]"
        ),
        _KEY_WORDS,
        check=_strong,
        anchored=True,
    ),
    Detector(
        "generic-api-key",
        re.compile(
            rf"(?i)(?:{_KEY_NAMES}){_ASSIGNED}([A-Za-z0-9+/=_\-.~]{{16,200}})(?=[\s,;&}}]|$)"
        ),
        _KEY_WORDS,
        check=_strong,
        anchored=True,
    ),
    Detector(
        "password",
        re.compile(rf"(?i)(?:{_PASSWORD_NAMES}){_ASSIGNED}[\"'`]([^\s\"'`]{{6,100}})[\"'`]"),
        _PASSWORD_WORDS,
        check=looks_like_a_password,
        anchored=True,
    ),
    Detector(
        "password",
        re.compile(
            rf"(?im)(?:{_PASSWORD_NAMES})[\w.\-]{{0,20}}[ \t]{{0,2}}[=:][ \t]{{0,2}}"
            r"([^\s\"'`,;(){}<>$]{6,100})(?=[\s,;&]|$)"
        ),
        _PASSWORD_WORDS,
        check=looks_like_a_password,
        anchored=True,
        whole=False,
    ),
    Detector(
        "password",
        re.compile(
            r"(?i)(?:password|passphrase|passcode)(?: \w+){0,3} (?:is|was|to) [\"'`]?"
            r"([^\s\"'`,;]{6,60}[^\s\"'`,;.])"
        ),
        ("password", "passphrase", "passcode"),
        check=_spoken,
        anchored=True,
        whole=False,
    ),
    Detector(
        "curl-auth-header",
        re.compile(
            r"(?i)(?:authorization|x-api-key|x-auth-token|private-token)[\"']?\s{0,2}[:=]\s{0,2}"
            r"[\"']?(?:bearer |basic |token )?([A-Za-z0-9+/=_\-.~]{16,400})"
        ),
        ("authorization", "x-api-key", "x-auth-token", "private-token"),
        check=_sent,
    ),
    Detector(
        "curl-auth-user",
        re.compile(r"(?i)curl\b[^\n]{0,200}?\s(?:-u|--user)[ =][\"']?[\w.@\-]+:([^\s\"']{6,100})"),
        ("curl",),
        check=looks_like_a_password,
        whole=False,
    ),
    Detector(
        "kubernetes-secret-yaml",
        re.compile(
            r"(?i)kind:\s{0,4}[\"']?Secret\b[\s\S]{0,300}?\ndata:\s*\n(?:\s*#[^\n]*\n)*\s+[\w.\-]+:"
            r"\s*([A-Za-z0-9+/]{12,}={0,3})"
        ),
        ("kind:",),
        check=_base64_text,
    ),
    Detector(
        "azure-shared-key",
        re.compile(r"(?:AccountKey|SharedAccessKey|SharedAccessSignature)=([A-Za-z0-9+/=%&]{40,})"),
        ("accountkey=", "sharedaccess"),
        check=looks_random,
    ),
    Detector(
        "azure-sas-signature",
        re.compile(r"[?&]sig=([A-Za-z0-9%+/]{40,}(?:%3D|=)?)"),
        ("sig=",),
        check=looks_random,
        whole=False,
    ),
)


def detectors() -> tuple[Detector, ...]:
    """Return all of them; ids are those of gitleaks where it has one."""
    return _DETECTORS
