"""Which engines are looked for, and where."""

from dataclasses import replace

import pytest

from routerd.core.config import Config, LlamaCppConfig, ProviderConfig
from routerd.settings.engines import is_this_machine, ollama_address, wanted

QUIET = Config(discover=False, llamacpp=LlamaCppConfig(enabled=False))


@pytest.mark.parametrize(
    ("value", "address", "local"),
    [
        ("", "http://127.0.0.1:11434", True),
        ("  ", "http://127.0.0.1:11434", True),
        ("0.0.0.0", "http://127.0.0.1:11434", True),  # noqa: S104  # parsed, not bound
        ("0.0.0.0:9999", "http://127.0.0.1:9999", True),
        (":9999", "http://127.0.0.1:9999", True),
        ("localhost", "http://127.0.0.1:11434", True),
        ("LocalHost:9999", "http://127.0.0.1:9999", True),
        ("127.0.0.2", "http://127.0.0.2:11434", True),
        ("::1", "http://[::1]:11434", True),
        ("[::1]", "http://[::1]:11434", True),
        ("[::1]:9999", "http://[::1]:9999", True),
        ("[::]", "http://127.0.0.1:11434", True),
        ("::", "http://127.0.0.1:11434", True),
        ("fe80::1", "http://[fe80::1]:11434", False),
        ("gpu-box", "http://gpu-box:11434", False),
        ("gpu-box:9999/path/", "http://gpu-box:9999/path", False),
        # An explicit scheme brings its own port, as in Ollama itself.
        ("http://gpu-box", "http://gpu-box:80", False),
        ("https://gpu-box", "https://gpu-box:443", False),
        ("https://gpu-box:9999", "https://gpu-box:9999", False),
        ("http://[::1]", "http://[::1]:80", True),
        ("http://user:secret@gpu-box", "http://gpu-box:80", False),
        # A name that only begins like a loopback address is somebody else's machine.
        ("127.0.0.1.example.com", "http://127.0.0.1.example.com:11434", False),
        # What can't be read.
        ("gpu-box:port", "http://gpu-box:11434", False),
        ("gpu-box:99999", "http://gpu-box:11434", False),
        ("http://[::1", "http://127.0.0.1:11434", True),
        ("a:b:c", "http://127.0.0.1:11434", True),
    ],
)
def test_ollama_host_in_its_many_forms(value: str, address: str, local: bool) -> None:
    assert ollama_address(value) == (address, local)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104  # compared, not bound
        ("127.0.0.1.example.com", False),
        ("127.example.com", False),
        ("localhost.example.com", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_this_machine_is_a_loopback_address_by_number_or_localhost(host: str, here: bool) -> None:
    assert is_this_machine(host) is here


def test_without_settings_the_well_known_engines_are_looked_for() -> None:
    assert [(p.name, p.kind, p.base_url, p.zone) for p in wanted(Config(), {})] == [
        ("ollama", "ollama", "http://127.0.0.1:11434", "device"),
        ("lmstudio", "lmstudio", "http://127.0.0.1:1234", "device"),
        ("llama-server", "openai_compatible", "http://127.0.0.1:8080/v1", "device"),
        ("llamacpp", "llamacpp", "", "device"),
    ]


def test_nothing_is_looked_for_where_the_user_says_so() -> None:
    assert wanted(QUIET, {}) == ()


def test_an_ollama_elsewhere_leaves_the_machine() -> None:
    ollama = wanted(Config(), {"OLLAMA_HOST": "gpu-box"})[0]
    assert (ollama.base_url, ollama.zone) == ("http://gpu-box:11434", "network")


@pytest.mark.parametrize(
    ("provider", "left"),
    [
        (ProviderConfig("ollama", "ollama", "http://127.0.0.1:9"), ["lmstudio", "llama-server"]),
        (
            ProviderConfig("mine", "openai_compatible", "http://127.0.0.1:1234/v1"),
            ["ollama", "llama-server"],
        ),
        # Ollama without an address is at the well-known one.
        (ProviderConfig("mine", "ollama"), ["lmstudio", "llama-server"]),
        (ProviderConfig("ollama", "ollama", enabled=False), ["lmstudio", "llama-server"]),
    ],
)
def test_a_configured_engine_takes_the_place_of_a_well_known_one(
    provider: ProviderConfig, left: list[str]
) -> None:
    found = [p.name for p in wanted(Config(provider=(provider,)), {}) if p != provider]
    assert found == [*left, "llamacpp"]


@pytest.mark.parametrize(
    "provider",
    [
        ProviderConfig("mine", "llamacpp"),
        ProviderConfig("mine", "llamacpp", enabled=False),
        ProviderConfig("llamacpp", "openai_compatible", "http://127.0.0.1:9/v1"),
    ],
)
def test_the_embedded_engine_is_not_added_where_the_user_spoke_of_it(
    provider: ProviderConfig,
) -> None:
    found = wanted(Config(discover=False, provider=(provider,)), {})
    assert found == ((provider,) if provider.enabled else ())


def test_an_engine_that_is_switched_off_is_not_built() -> None:
    off = ProviderConfig("mine", "openai_compatible", "http://127.0.0.1:9/v1", enabled=False)
    assert off not in wanted(Config(provider=(off,)), {})


def test_a_cloud_is_there_once_its_key_is() -> None:
    assert [p.name for p in wanted(QUIET, {}, ["anthropic", "team-vllm"])] == ["anthropic"]
    (cloud,) = wanted(QUIET, {}, ["openai"])
    assert (cloud.zone, cloud.key, cloud.base_url) == (
        "cloud",
        "openai",
        "https://api.openai.com/v1",
    )


def test_a_configured_cloud_takes_the_place_of_the_well_known_one() -> None:
    own = ProviderConfig("anthropic", "anthropic", models=("claude-opus*",))
    found = wanted(replace(QUIET, provider=(own,)), {}, ["anthropic"])
    assert [(p.name, p.models) for p in found] == [("anthropic", ("claude-opus*",))]


@pytest.mark.parametrize(("allowed", "names"), [(True, ["mistral"]), (False, [])])
def test_keys_in_the_environment_count_only_where_that_is_allowed(
    allowed: bool, names: list[str]
) -> None:
    config = replace(QUIET, allow_env_keys=allowed)
    environ = {"MISTRAL_API_KEY": "x", "XAI_API_KEY": ""}
    assert [p.name for p in wanted(config, environ)] == names
