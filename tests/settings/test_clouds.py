"""The clouds known by name."""

from typing import get_args

import pytest

from routerd.core.config import ProviderConfig, ProviderKind
from routerd.settings.clouds import CLOUDS, completed, well_known


@pytest.mark.parametrize("name", sorted(CLOUDS))
def test_every_cloud_is_a_kind_with_an_address_over_tls(name: str) -> None:
    assert name in get_args(ProviderKind)
    found = well_known(name)
    assert found is not None
    assert found.base_url.startswith("https://")
    assert (found.kind, found.zone, found.key) == (name, "cloud", name)


def test_a_cloud_behind_a_proxy_of_this_machine_is_a_cloud() -> None:
    near = completed(ProviderConfig("work", "openai", "http://127.0.0.1:9/v1"))
    assert (near.zone, near.base_url, near.key) == ("cloud", "http://127.0.0.1:9/v1", "work")


def test_a_zone_of_ones_own_is_kept() -> None:
    own = completed(ProviderConfig("work", "openai", "https://gw.internal", "network", "k"))
    assert (own.zone, own.key) == ("network", "k")


def test_what_is_no_cloud_stays_as_it_is() -> None:
    own = ProviderConfig("team", "openai_compatible", "http://127.0.0.1:9/v1")
    assert completed(own) is own
    assert well_known("team") is None
