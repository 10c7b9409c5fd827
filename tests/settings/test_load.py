"""config.toml as settings, and every fault in it told with file, line and key."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.config import (
    Config,
    LlamaCppConfig,
    Profile,
    ProviderConfig,
    Timeouts,
    UnderstandingConfig,
    Weights,
)
from routerd.core.errors import ConfigInvalid
from routerd.settings.load import line_of, load, parse

PATH = Path("config.toml")
PROVIDER = '[[provider]]\nname = "team"\nkind = "openai_compatible"\n'
EVERYTHING = """
port = 0
profile = "mine"
baseline = "openai/gpt-4o"
offline = true
strict_models = true
discover = false
max_body_mib = 8
log_level = "debug"

[[provider]]
name = "team-vllm"
kind = "openai_compatible"
base_url = "http://gpu-box.internal:8000/v1"
zone = "network"
key = "team"
context_tokens = 32768

[[provider]]
name = "ollama"
kind = "ollama"
enabled = false

[weights]
complexity = 1
history = 0.5

[profiles.mine]
floor = 0.8

[profiles.mine.weights]
cost = 0.9

[llamacpp]
models_dir = "~/models"
gpu_layers = 0

[understanding]
enabled = false

[timeouts]
connect_s = 5
"""


def fault(text: str) -> str:
    with pytest.raises(ConfigInvalid) as failed:
        parse(text, PATH)
    return failed.value.message


def test_an_absent_or_empty_file_means_all_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "config.toml") == Config()
    assert parse("", PATH) == Config()


def test_everything_that_can_be_set_is_read() -> None:
    assert parse(EVERYTHING, PATH) == Config(
        port=0,
        profile="mine",
        baseline="openai/gpt-4o",
        offline=True,
        strict_models=True,
        discover=False,
        max_body_mib=8,
        log_level="debug",
        provider=(
            ProviderConfig(
                "team-vllm",
                "openai_compatible",
                "http://gpu-box.internal:8000/v1",
                "network",
                "team",
                32768,
            ),
            ProviderConfig("ollama", "ollama", enabled=False),
        ),
        weights=Weights(1.0, 0.5),
        profiles={"mine": Profile(0.8, Weights(cost=0.9))},
        llamacpp=LlamaCppConfig(models_dir="~/models", gpu_layers=0),
        understanding=UnderstandingConfig(enabled=False),
        timeouts=Timeouts(connect_s=5.0),
    )


def test_a_file_of_windows_with_its_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfport = 1\r\noffline = true\r\n")
    assert load(path) == Config(port=1, offline=True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prot = 1", "config.toml:1: prot: unknown key"),
        ("\n# port\n[tabel]\nx = 1", "config.toml:3: tabel: unknown key"),
        ("[weights]\ncost = 1\nspeed = 1", "config.toml:3: weights.speed: unknown key"),
        ("[timeouts]\n\nidle = 1", "config.toml:3: timeouts.idle: unknown key"),
        ("[understanding]\nmodel = 1", "config.toml:2: understanding.model: unknown key"),
        ("[llamacpp]\n'threds' = 1", "config.toml:2: llamacpp.threds: unknown key"),
        ("[profiles.mine]\nflor = 1", "config.toml:2: profiles.mine.flor: unknown key"),
        (
            "[profiles.mine]\nfloor = 1\n[profiles.mine.weights] # mine\nspeed = 1",
            "config.toml:4: profiles.mine.weights.speed: unknown key",
        ),
        (
            f"{PROVIDER}base_url = 'http://localhost'\n{PROVIDER}url = 'x'",
            "config.toml:8: provider.1.url: unknown key",
        ),
        (
            f"{PROVIDER}[provider.more]\nx = 1",
            "config.toml:1: provider.0.more: unknown key",
        ),
        ("weights.speed = 1", "config.toml:1: weights.speed: unknown key"),
        ("\nweights = {speed = 1}", "config.toml:2: weights.speed: unknown key"),
        # U+2028 ends a line for Python, not for an editor.
        ("# a\u2028b\nprot = 1", "config.toml:2: prot: unknown key"),
    ],
)
def test_an_unknown_key_is_named_at_every_depth(text: str, told: str) -> None:
    assert fault(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('port = "x"', "config.toml:1: port: Input should be a valid integer"),
        ("profile = 1", "config.toml:1: profile: Input should be a valid string"),
        ('\noffline = "perhaps"', "config.toml:2: offline: Input should be a valid boolean"),
        ("[weights]\ncost = []", "config.toml:2: weights.cost: Input should be a valid number"),
        ("weights = 3", "config.toml:1: weights: must be a table"),
        ("[profiles]\nmine = 3", "config.toml:2: profiles.mine: must be a table"),
        ("provider = 3", "config.toml:1: provider: must be tables with two brackets"),
        ("[provider]\nname = 'x'", "config.toml:1: provider: must be tables with two brackets"),
        ("provider = [3]", "config.toml:1: provider.0: must be a table"),
        ("[[provider]]\nname = 'x'", "config.toml:1: provider.0.kind: is missing"),
        (
            "[[provider]]\nname = 'x'\nkind = 'vllm'",
            "config.toml:3: provider.0.kind: Input should be 'ollama', 'lmstudio'",
        ),
        (f"{PROVIDER}zone = 'moon'", "config.toml:4: provider.0.zone: Input should be 'device'"),
        ("log_level = 'loud'", "config.toml:1: log_level: Input should be 'debug'"),
        ("port = 2026-01-01", "config.toml:1: port: Input should be a valid integer"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(text: str, told: str) -> None:
    assert fault(text).startswith(told)


def test_every_fault_has_a_line_of_its_own() -> None:
    assert fault("prot = 1\n[weights]\nspeed = 1\ncost = 'x'").splitlines() == [
        "config.toml:4: weights.cost: Input should be a valid number, "
        "unable to parse string as a number",
        "config.toml:3: weights.speed: unknown key",
        "config.toml:1: prot: unknown key",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("port = 70000", "config.toml:1: port: must be from 0 to 65535"),
        ("port = -1", "config.toml:1: port: must be from 0 to 65535"),
        ("max_body_mib = 0", "config.toml:1: max_body_mib: must be from 1 to 1024"),
        ("[weights]\ncost = -1", "config.toml:2: weights.cost: must be from 0 to 1000"),
        ("[weights]\ncost = nan", "config.toml:2: weights.cost: must be from 0 to 1000"),
        ("[weights]\ncost = inf", "config.toml:2: weights.cost: must be from 0 to 1000"),
        (
            "[profiles.a.weights]\ncost = -1",
            "config.toml:2: profiles.a.weights.cost: must be from 0 to 1000",
        ),
        ("[profiles.a]\nfloor = 1.1", "config.toml:2: profiles.a.floor: must be from 0 to 1"),
        ("[llamacpp]\nmax_loaded = 0", "config.toml:2: llamacpp.max_loaded: must be from 1 to 64"),
        ("[timeouts]\nidle_s = 0", "config.toml:2: timeouts.idle_s: must be from 0.01 to 86400"),
        ("[timeouts]\nidle_s = nan", "config.toml:2: timeouts.idle_s: must be from 0.01 to 86400"),
        (
            "[understanding]\nmax_tokens = 4",
            "config.toml:2: understanding.max_tokens: must be from 8 to 512",
        ),
        (
            f"{PROVIDER}base_url = 'http://localhost'\ncontext_tokens = -1",
            "config.toml:5: provider.0.context_tokens: must be from 0 to 100000000",
        ),
        (
            "profile = 'fastest'",
            "config.toml:1: profile: no such profile; there are balanced, best, cheap, fast. Did you mean `fast`?",
        ),
        (
            "profile = 'yours'\n[profiles.mine]",
            "config.toml:1: profile: no such profile; there are balanced, best, cheap, fast, mine.",
        ),
    ],
)
def test_a_value_out_of_bounds_is_named(text: str, told: str) -> None:
    assert fault(text) == told


@pytest.mark.parametrize("name", ["", "Team", "a b", "a/b", "-a", "a:b", "x" * 65, "ü"])
def test_a_provider_has_a_plain_name(name: str) -> None:
    text = f'[[provider]]\nkind = "ollama"\nname = "{name}"'
    assert fault(text).startswith("config.toml:3: provider.0.name: must be lower-case letters")


def test_the_second_provider_of_a_name_is_the_one_at_fault() -> None:
    one = '[[provider]]\nkind = "ollama"\nname = "mine"\n'
    assert fault(one + one) == (
        "config.toml:6: provider.1.name: another provider has this name already"
    )


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "is missing"),
        ("gpu-box:8000", "must be http://HOST"),
        ("ftp://gpu-box", "must be http://HOST"),
        ("http://", "must be http://HOST"),
        ("http://:8000", "must be http://HOST"),
        ("http://gpu-box:port", "must be http://HOST"),
        ("http://gpu-box:70000", "must be http://HOST"),
        ("http://[::1", "must be http://HOST"),
        ("http://127.0.0.1/v1?key=planted", "must be http://HOST"),
        ("http://127.0.0.1/v1#planted", "must be http://HOST"),
        ("http://127.0.0.1/a b", "must be http://HOST"),
        ("http://127.0.0.1/v1\\n", "must be http://HOST"),
        ("http://user:planted@127.0.0.1", "must not hold a password"),
        ("http://user@127.0.0.1", "must not hold a password"),
        ("http://user:planted", "must be http://HOST"),
    ],
)
def test_a_bad_address_is_told_without_quoting_it(url: str, told: str) -> None:
    message = fault(f'{PROVIDER}base_url = "{url}"')
    line = 4
    assert message.startswith(f"config.toml:{line}: provider.0.base_url: {told}")
    assert "planted" not in message


@pytest.mark.parametrize(
    "host",
    ["gpu-box", "10.0.0.1", "api.example.com", "127.0.0.1.example.com", "localhost.example.com"],
)
def test_the_zone_device_is_for_this_machine_only(host: str) -> None:
    url = f'{PROVIDER}base_url = "http://{host}:8000/v1"\n'
    assert "is on another machine" in fault(url)
    for zone in ("network", "cloud"):
        assert parse(f'{url}zone = "{zone}"', PATH).provider[0].zone == zone


def test_the_embedded_engine_has_no_address() -> None:
    table = '[[provider]]\nname = "x"\nkind = "llamacpp"\n'
    assert parse(table, PATH).provider[0].base_url == ""
    assert "has no address" in fault(f'{table}base_url = "http://127.0.0.1"')


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("http://localhost:8000/v1", "http://127.0.0.1:8000/v1"),
        ("http://LOCALHOST/v1", "http://127.0.0.1/v1"),
        ("http://localhost", "http://127.0.0.1"),
        ("http://127.0.0.1:8000/localhost", "http://127.0.0.1:8000/localhost"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_localhost_is_written_as_the_address_it_means(url: str, meant: str) -> None:
    assert parse(f'{PROVIDER}base_url = "{url}"', PATH).provider[0].base_url == meant


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("port = 1\nport", "config.toml:2: not valid TOML: Expected '=' after a key"),
        ("a = 1\n[weights\n", "config.toml:2: not valid TOML: Expected ']'"),
        ("port = 1\nport = 2\n", "config.toml:2: not valid TOML: Cannot overwrite a value"),
        ("port = " + "9" * 5000, "config.toml:1: not valid TOML: Exceeds the limit"),
        ("port = " + "[" * 5000, "config.toml: not valid TOML: nested too deeply"),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(text: str, told: str) -> None:
    assert fault(text).startswith(told)


@given(text=st.text(alphabet="[]{}=.'\"#\n portweihgsckmlu0123456789-_", max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        assert isinstance(parse(text, PATH), Config)
    except ConfigInvalid as error:
        assert error.message.startswith("config.toml")  # noqa: PT017  # no other error may come


def test_a_file_that_can_not_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.mkdir()
    with pytest.raises(ConfigInvalid, match=r"config\.toml can't be read"):
        load(path)
    path.rmdir()
    path.write_bytes(b"port = \xff")
    with pytest.raises(ConfigInvalid, match=r"config\.toml can't be read"):
        load(path)


def test_a_line_is_looked_up_in_the_nearest_table() -> None:
    text = "\n[a]\nb = 1\n[[c]]\nd = {e = 1}\n[[c]]\nf = 1\n"
    assert line_of(text, ("a",)) == 2
    assert line_of(text, ("a", "b")) == 3
    assert line_of(text, ("a", "missing")) == 2
    assert line_of(text, ("c", 0, "d", "e")) == 5
    assert line_of(text, ("c", 1, "f")) == 7
    assert line_of(text, ("c", 1, "missing")) == 6
    assert line_of(text, ("nowhere",)) == 1
