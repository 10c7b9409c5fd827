"""A key in memory: asked for rarely, never shown."""

from dataclasses import dataclass, field
from itertools import pairwise

from routerd.credentials.remembered import (
    FIRST_PAUSE_S,
    KEEP_S,
    LONGEST_PAUSE_S,
    RememberedSecret,
)

ORIGIN = "https://api.example.com:443"
SECRET = "sk-planted-secret"  # noqa: S105  # planted


@dataclass
class Store:
    """Counts who asks."""

    secret: str | None = SECRET
    trouble: str = "the keyring is locked"
    asked: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str, origin: str) -> str | None:
        self.asked.append((name, origin))
        return self.secret


@dataclass
class Clock:
    """Stands still until told."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_key_is_asked_for_once_in_a_while() -> None:
    store, clock = Store(), Clock()
    held = RememberedSecret(store, "x", ORIGIN, clock)
    assert [held.get(), held.get()] == [SECRET, SECRET]
    assert store.asked == [("x", ORIGIN)]
    clock.now_s += KEEP_S
    held.get()
    assert len(store.asked) == 2
    assert SECRET not in repr(held)


def test_a_refused_key_is_asked_for_again_at_once() -> None:
    store = Store()
    held = RememberedSecret(store, "x", ORIGIN, Clock())
    held.get()
    store.secret = "sk-new"  # noqa: S105  # planted
    held.forget()
    assert held.get() == "sk-new"


def test_a_locked_keyring_is_asked_less_and_less_often() -> None:
    store, clock = Store(None), Clock()
    held = RememberedSecret(store, "x", ORIGIN, clock)
    times = []
    for _ in range(3600):
        before = len(store.asked)
        assert held.get() is None
        if len(store.asked) > before:
            times.append(clock.now_s)
        clock.now_s += 1
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert max(waits) == LONGEST_PAUSE_S
    assert held.trouble == "the keyring is locked"


def test_forgetting_does_not_ask_a_locked_keyring_sooner() -> None:
    store = Store(None)
    held = RememberedSecret(store, "x", ORIGIN, Clock())
    held.get()
    held.forget()
    held.get()
    assert len(store.asked) == 1


def test_trouble_is_over_once_the_key_is_there() -> None:
    store, clock = Store(None), Clock()
    held = RememberedSecret(store, "x", ORIGIN, clock)
    held.get()
    store.secret = SECRET
    clock.now_s += FIRST_PAUSE_S
    assert held.get() == SECRET
    assert held.trouble == ""
