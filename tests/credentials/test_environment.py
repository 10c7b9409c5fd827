"""Keys from the environment: only for their vendor's own address."""

from routerd.credentials.environment import WithEnvironment

HOME = "https://api.openai.com:443"
SECRET = "sk-planted-secret"  # noqa: S105  # planted


class Keyring:
    """Holds one other key."""

    trouble = "nothing in the keyring"

    def get(self, name: str, origin: str) -> str | None:
        return "from-keyring" if name == "team" else None


def store(**environ: str) -> WithEnvironment:
    return WithEnvironment(Keyring(), environ, {"openai": ("OPENAI_API_KEY", HOME)})


def test_a_variable_is_a_key_for_its_vendor() -> None:
    assert store(OPENAI_API_KEY=f" {SECRET}\n").get("openai", HOME) == SECRET


def test_a_variable_is_not_sent_anywhere_else() -> None:
    found = store(OPENAI_API_KEY=SECRET)
    assert found.get("openai", "https://evil.example:443") is None
    assert found.get("team", HOME) == "from-keyring"
    assert SECRET not in repr(found)


def test_an_empty_variable_is_none() -> None:
    found = store(OPENAI_API_KEY="  ")
    assert found.get("openai", HOME) is None
    assert found.trouble == "nothing in the keyring"
