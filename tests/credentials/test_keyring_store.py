"""Secrets in the OS keyring: bound to an origin, bounded in time, never in an error."""

import json
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import keyring
import keyring.errors
import pytest
from keyring.backends import fail, null

from routerd.core.errors import RouterdError
from routerd.credentials import keyring_store
from routerd.credentials.keyring_store import SERVICE, KeyringStore, origin_of
from tests.fakes.memory_keyring import (
    HOME,
    Chain,
    HangingKeyring,
    MemoryKeyring,
    TalkativeKeyring,
)

ORIGIN = "https://gpu-box.internal:8000"
SECRET = "sk-planted-secret"  # noqa: S105  # planted


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingKeyring]:
    monkeypatch.setattr(keyring_store, "TIMEOUT_S", 0.02)
    backend = HangingKeyring()
    yield backend
    backend.unlock.set()


def store(backend: MemoryKeyring) -> KeyringStore:
    return KeyringStore(backend, trusted=HOME)


def test_a_secret_comes_back_for_its_origin() -> None:
    secrets = store(MemoryKeyring())
    secrets.set("team", ORIGIN, SECRET)
    assert secrets.get("team", ORIGIN) == SECRET
    assert secrets.trouble == ""


@pytest.mark.parametrize(
    "other",
    [
        "http://gpu-box.internal:8000",
        "https://gpu-box.internal:8001",
        "https://gpu-box.internal.evil.example:8000",
        "",
    ],
)
def test_a_secret_stays_where_another_origin_asks(other: str) -> None:
    secrets = store(MemoryKeyring())
    secrets.set("team", ORIGIN, SECRET)
    assert secrets.get("team", other) is None
    assert "belongs to another address" in secrets.trouble
    assert SECRET not in secrets.trouble


def test_a_key_that_is_not_there_says_how_to_store_it() -> None:
    secrets = store(MemoryKeyring())
    assert secrets.get("team", ORIGIN) is None
    assert "`routerd keys set team`" in secrets.trouble


def test_trouble_is_over_once_a_key_is_found() -> None:
    secrets = store(MemoryKeyring())
    secrets.get("team", ORIGIN)
    secrets.set("team", ORIGIN, SECRET)
    secrets.get("team", ORIGIN)
    assert secrets.trouble == ""


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps([SECRET]),
        json.dumps({"origin": ORIGIN}),
        json.dumps({"secret": SECRET}),
        json.dumps({"origin": ORIGIN, "secret": 5}),
    ],
)
def test_an_entry_of_somebody_else_is_not_taken_for_a_key(text: str) -> None:
    backend = MemoryKeyring()
    backend.set_password(SERVICE, "team", text)
    secrets = store(backend)
    assert secrets.get("team", ORIGIN) is None
    assert "was not stored by routerd" in secrets.trouble
    assert SECRET not in secrets.trouble


def test_a_deleted_key_is_gone_and_can_not_be_deleted_again() -> None:
    secrets = store(MemoryKeyring())
    secrets.set("team", ORIGIN, SECRET)
    secrets.delete("team")
    assert secrets.get("team", ORIGIN) is None
    with pytest.raises(RouterdError, match="no key named team"):
        secrets.delete("team")


@pytest.mark.parametrize(
    "backend",
    [
        MemoryKeyring(),
        null.Keyring(),
        Chain(MemoryKeyring()),
    ],
)
def test_a_backend_that_is_not_the_systems_is_refused_by_its_class(backend: object) -> None:
    secrets = KeyringStore(backend)
    with pytest.raises(RouterdError, match="not one that keeps secrets safe"):
        secrets.set("team", ORIGIN, SECRET)
    assert secrets.get("team", ORIGIN) is None
    assert type(backend).__module__ in secrets.trouble or "memory_keyring" in secrets.trouble


def test_every_link_of_a_chain_must_be_trusted() -> None:
    good, bad = Chain(MemoryKeyring()), Chain(MemoryKeyring(), null.Keyring())
    store(good).set("team", ORIGIN, SECRET)
    with pytest.raises(RouterdError, match=r"keyring\.backends\.null"):
        store(bad).set("team", ORIGIN, SECRET)


def test_a_module_whose_name_only_begins_like_a_trusted_one_is_refused() -> None:
    secrets = KeyringStore(MemoryKeyring(), trusted=(__name__, HOME[0][:-1]))
    with pytest.raises(RouterdError, match="not one that keeps secrets safe"):
        secrets.set("team", ORIGIN, SECRET)


def test_without_a_backend_the_system_is_asked() -> None:
    before, backend = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(backend)
    try:
        KeyringStore(trusted=HOME).set("team", ORIGIN, SECRET)
    finally:
        keyring.set_keyring(before)
    assert (SERVICE, "team") in backend.passwords


def test_a_keyring_that_hangs_is_given_up(hanging: HangingKeyring) -> None:
    secrets = store(hanging)
    assert secrets.get("team", ORIGIN) is None
    assert "did not answer within 0.02 s" in secrets.trouble
    with pytest.raises(RouterdError, match="is it locked"):
        secrets.delete("team")


def test_no_error_quotes_a_secret() -> None:
    backend = TalkativeKeyring()
    backend.passwords[SERVICE, "team"] = SECRET
    secrets = store(backend)
    with pytest.raises(RouterdError) as failed:
        secrets.set("team", ORIGIN, SECRET)
    told = "".join(traceback.format_exception(failed.value)) + repr(failed.value)
    assert failed.value.message == "The keyring failed: OSError."
    assert secrets.get("team", ORIGIN) is None
    assert SECRET not in told + secrets.trouble + repr(secrets) + repr(vars(secrets))


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example.com/v1", "https://api.example.com:443"),
        ("http://gpu-box", "http://gpu-box:80"),
        ("http://GPU-Box:8000/v1/", "http://gpu-box:8000"),
        ("https://user@api.example.com", "https://api.example.com:443"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_no_keyring_at_all_is_told_apart_from_one_that_is_unsafe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets = KeyringStore(fail.Keyring())
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    assert secrets.get("team", ORIGIN) is None
    assert "no session bus" in secrets.trouble
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    assert secrets.get("team", ORIGIN) is None
    assert "not one that keeps secrets safe" in secrets.trouble


def test_a_locked_keyring_says_so() -> None:
    class Locked(MemoryKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            raise keyring.errors.KeyringLocked("quotes nothing")

    secrets = KeyringStore(Locked(), trusted=(__name__,))
    assert secrets.get("team", ORIGIN) is None
    assert "is locked" in secrets.trouble


def test_what_two_threads_are_told_does_not_mix() -> None:
    secrets = store(MemoryKeyring())
    secrets.get("here", ORIGIN)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(secrets.get, "there", ORIGIN).result()
    assert "named here" in secrets.trouble


def test_a_check_names_the_backend_and_what_is_wrong_with_it(hanging: HangingKeyring) -> None:
    backend, trouble = store(MemoryKeyring()).check()
    assert (backend, trouble) == ("tests.fakes.memory_keyring.MemoryKeyring", "")
    assert "is it locked" in store(hanging).check()[1]
    assert "not one that keeps secrets safe" in KeyringStore(MemoryKeyring()).check()[1]
