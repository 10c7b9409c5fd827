"""Settings to providers, and what the catalogue adds to what an engine says."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from routerd.core.candidate import Candidate, Price
from routerd.core.config import Config, LlamaCppConfig, ProviderConfig, ProviderKind
from routerd.credentials.keyring_store import KeyringStore
from routerd.daemon import wiring
from routerd.network.offline import LoopbackOnly
from routerd.network.outbound import HttpOutbound
from routerd.providers.cloud import UNKNOWN_PRICE
from routerd.settings import catalogue_file, clouds


@pytest.fixture(scope="module")
def named() -> catalogue_file.ModelCatalogue:
    return catalogue_file.load()


@pytest.mark.parametrize("model", ["codeqwen:7b", "codeqwen1.5-7b-chat-q4_k_m", "CodeQwen1.5-7B"])
def test_a_model_gets_its_ability_under_the_names_engines_use(
    named: catalogue_file.ModelCatalogue, model: str
) -> None:
    entry = named.find("codeqwen1.5-7b")
    assert entry is not None
    found = wiring.known(named, Candidate("ollama", model))
    assert found.ability == entry.ability
    assert found.abilities == entry.abilities


def test_a_name_nobody_knows_stays_as_the_engine_gave_it(
    named: catalogue_file.ModelCatalogue,
) -> None:
    candidate = Candidate("ollama", "my-own-finetune", ability=0.3)
    assert wiring.known(named, candidate) is candidate


def test_what_the_engine_says_goes_before_what_the_catalogue_says(
    named: catalogue_file.ModelCatalogue,
) -> None:
    candidate = Candidate("ollama", "codeqwen:7b", context_tokens=4096, parameters_b=7.3)
    found = wiring.known(named, candidate)
    assert (found.context_tokens, found.parameters_b) == (4096, 7.3)


def test_only_a_model_in_the_cloud_has_a_price(named: catalogue_file.ModelCatalogue) -> None:
    priced = next(entry for entry in named.model if entry.price is not None)
    assert priced.price is not None
    at_home = wiring.known(named, Candidate("team", priced.name, zone="network"))
    away = wiring.known(named, Candidate("vendor", priced.name, zone="cloud"))
    assert at_home.price.output == 0
    assert away.price.output == priced.price.output


def test_the_users_own_entry_wins(tmp_path: Path) -> None:
    own = tmp_path / catalogue_file.USERS
    own.write_text(
        '[[model]]\nname = "codeqwen1.5-7b"\nfamily = "mine"\nmatch = ["codeqwen:7b"]\n'
        "ability = 3.3\nability_sd = 0.1\n",
        encoding="utf-8",
    )
    found = wiring.known(catalogue_file.load(own), Candidate("ollama", "codeqwen:7b"))
    assert found.ability == 3.3


def test_what_waits_for_a_restart_is_named_and_offline_never_ends_by_reload() -> None:
    old = Config(offline=True)
    new = Config(port=1, llamacpp=LlamaCppConfig(max_loaded=3))
    waiting = wiring.needing_restart(old, new)
    assert waiting == ["port", "offline = false", "llamacpp.max_loaded"]
    assert wiring.in_force(old, new).offline
    assert wiring.in_force(old, new).port == old.port


def test_a_price_that_a_cloud_tells_itself_stands(named: catalogue_file.ModelCatalogue) -> None:
    priced = next(entry for entry in named.model if entry.price is not None)
    own = Candidate("vendor", priced.name, zone="cloud", price=Price(1.0, 0.1, 2.0))
    assert wiring.known(named, own).price == own.price
    untold = replace(own, price=UNKNOWN_PRICE)
    assert priced.price is not None
    assert wiring.known(named, untold).price.output == priced.price.output


def test_of_a_cloud_only_what_has_a_known_price_is_used_unless_named() -> None:
    named = catalogue_file.load()
    priced = next(entry for entry in named.model if entry.price is not None)
    parts = wiring.Parts(None, None, None, Path(), named=named)  # type: ignore[arg-type]  # unused
    usual = wiring._account(ProviderConfig("openai", "openai"), parts)
    assert usual.wanted(priced.name)
    assert not usual.wanted("nobody-knows-this")
    chosen = wiring._account(ProviderConfig("openai", "openai", models=("nobody-*",)), parts)
    assert chosen.wanted("Nobody-knows-this")
    assert not chosen.wanted(priced.name)


@pytest.mark.parametrize("kind", [k for k in get_args(ProviderKind) if k != "llamacpp"])
def test_every_kind_of_provider_can_be_built(kind: ProviderKind) -> None:
    wanted = clouds.completed(ProviderConfig("mine", kind, "http://127.0.0.1:9/v1"))
    parts = wiring.Parts(LoopbackOnly(HttpOutbound()), None, KeyringStore(), Path())  # type: ignore[arg-type]  # no engine
    (built,) = wiring.providers(Config(), parts, [wanted])
    assert (built.name, built.kind) == ("mine", kind)


def test_offline_mode_lets_every_engine_of_this_machine_be_reached() -> None:
    configured = Config(
        discover=False,
        provider=(
            ProviderConfig("studio", "lmstudio"),
            ProviderConfig("own", "openai_compatible", "http://127.0.0.1:9000/v1"),
            ProviderConfig("far", "openai_compatible", "http://gpu.internal:8000/v1", "network"),
        ),
    )
    assert set(wiring.engines_here(configured)) == {
        "http://127.0.0.1:1234",
        "http://127.0.0.1:9000",
    }
