"""What all clouds share: keys, listings kept for a while, and being left alone."""

import pytest
from typing_extensions import override

from routerd.core.errors import ProviderFailed
from routerd.network.offline import LoopbackOnly
from routerd.network.outbound import HttpOutbound
from routerd.providers import cloud
from routerd.providers.anthropic import AnthropicProvider
from routerd.providers.cloud import UNKNOWN_PRICE, Account
from tests.fakes.anthropic_server import MODELS, FakeAnthropic
from tests.fakes.clouds import KEY, PATIENT, FixedSecret, answered, asking
from tests.fakes.http_server import closed_port_url

pytestmark = pytest.mark.anyio


def _provider(url: str, outbound: HttpOutbound, secret: FixedSecret) -> AnthropicProvider:
    return AnthropicProvider(Account("claude", url), outbound, PATIENT, secret)


async def test_a_cloud_without_a_key_says_how_to_store_one_and_is_not_asked(
    outbound: HttpOutbound,
) -> None:
    with FakeAnthropic() as server:
        provider = _provider(server.url, outbound, FixedSecret(None))
        status, found = await provider.discover()
        assert (status.up, found) == (False, ())
        assert "`routerd keys set x`" in status.detail
        with pytest.raises(ProviderFailed) as failed:
            await answered(provider, "claude-sonnet-5", asking())
        assert failed.value.kind == "credential"
        assert server.calls == []


async def test_a_cloud_is_asked_for_its_models_only_now_and_then(outbound: HttpOutbound) -> None:
    with FakeAnthropic(KEY) as server:
        provider = _provider(server.url, outbound, FixedSecret())
        await provider.discover()
        asked = len(server.calls)
        status, found = await provider.discover()
        assert (len(server.calls), len(found)) == (asked, len(MODELS))
        assert status.up


async def test_models_known_before_stay_in_view_while_it_is_down(
    outbound: HttpOutbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "LIST_EVERY_S", 0.0)
    with FakeAnthropic(KEY) as server:
        provider = _provider(server.url, outbound, FixedSecret())
        await provider.discover()
    status, found = await provider.discover()
    assert not status.up
    assert len(found) == len(MODELS)
    assert not any(candidate.usable for candidate in found)
    assert "refused" in found[0].unusable_reason


async def test_a_refused_key_is_asked_for_again(outbound: HttpOutbound) -> None:
    secret = FixedSecret("wrong")
    with FakeAnthropic(KEY) as server:
        status, _ = await _provider(server.url, outbound, secret).discover()
    assert secret.forgotten == 1
    assert "invalid x-api-key" in status.detail


async def test_only_wanted_models_are_offered_and_the_rest_is_counted(
    outbound: HttpOutbound,
) -> None:
    with FakeAnthropic(KEY) as server:
        account = Account("claude", server.url, wanted=lambda name: "sonnet" in name)
        provider = AnthropicProvider(account, outbound, PATIENT, FixedSecret())
        status, found = await provider.discover()
    assert [candidate.model for candidate in found] == ["claude-sonnet-5"]
    assert status.detail.startswith(f"{len(MODELS) - 1} more")


async def test_offline_a_cloud_is_not_even_looked_up(outbound: HttpOutbound) -> None:
    account = Account("claude", "https://api.anthropic.com")
    door = LoopbackOnly(outbound)
    status, found = await AnthropicProvider(account, door, PATIENT, FixedSecret()).discover()
    assert (status.up, found) == (False, ())
    assert "offline mode is on" in status.detail


async def test_a_cloud_that_is_down_is_down(outbound: HttpOutbound) -> None:
    status, _ = await _provider(closed_port_url(), outbound, FixedSecret()).discover()
    assert "refused the connection" in status.detail


async def test_no_repr_shows_the_key(outbound: HttpOutbound) -> None:
    class Counting(FixedSecret):
        @override
        def get(self) -> str | None:
            return KEY

    provider = _provider(closed_port_url(), outbound, Counting())
    with pytest.raises(ProviderFailed) as failed:
        await answered(provider, "x", asking())
    assert KEY not in repr(provider) + repr(vars(provider)) + repr(failed.value)


async def test_a_model_whose_price_nobody_knows_does_not_look_free(outbound: HttpOutbound) -> None:
    with FakeAnthropic(KEY) as server:
        _, found = await _provider(server.url, outbound, FixedSecret()).discover()
    assert {candidate.price for candidate in found} == {UNKNOWN_PRICE}
