"""Secrets that only their surroundings tell."""

import pytest

from routerd.screening import generic


def finds(text: str) -> list[str]:
    return [
        text[a:b]
        for detector in generic.detectors()
        for a, b in detector.find(text, text.lower())
        if any(word in text.lower() for word in detector.words)
    ]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('INTERNAL_API_KEY = "q8Zr4Lw1Tn6Vb3Xc9Ym2"', "q8Zr4Lw1Tn6Vb3Xc9Ym2"),
        ("session_secret: q8Zr4Lw1Tn6Vb3Xc9Ym2\n", "q8Zr4Lw1Tn6Vb3Xc9Ym2"),
        ("DB_PASSWORD=Kolibri77!\n", "Kolibri77!"),
        ('{"password": "Kolibri77!"}', "Kolibri77!"),
        ("my password is Kolibri77!x, help", "Kolibri77!x"),
        ("curl -u admin:Kolibri77! https://host/", "Kolibri77!"),
        ('-H "X-Api-Key: q8Zr4Lw1Tn6Vb3Xc9Ym2"', "q8Zr4Lw1Tn6Vb3Xc9Ym2"),
        ("kind: Secret\nmetadata:\n  name: a\ndata:\n  pw: S29saWJyaTc3IQ==\n", "S29saWJyaTc3IQ=="),
        ("SharedAccessKey=" + "aB3/Q9xZ7+kL" * 4 + ";", "aB3/Q9xZ7+kL" * 4),
    ],
)
def test_a_secret_is_found(text: str, secret: str) -> None:
    assert secret in finds(text)


@pytest.mark.parametrize(
    "text",
    [
        "password = os.environ['DB_PASSWORD']",
        'password: "changeme"',
        "def check_password(user, password): return hash(password)",
        "token = tokenizer.next_token(stream)",
        "auth: bearer token from the login page",
        'secret_key = "${SECRET_KEY}"',
        "the password is wrong, please explain the error message",
        "api_key=YOUR_API_KEY",
        "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "token: str = Field(min_length=16)",
    ],
)
def test_code_and_prose_raise_no_alarm(text: str) -> None:
    assert finds(text) == []
