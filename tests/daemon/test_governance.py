"""Policy, offline mode and their layers, as the daemon holds them."""

from pathlib import Path

import pytest

from routerd.audit.log import AuditLog
from routerd.core.errors import ConfigInvalid
from routerd.daemon.governance import AUDIT_HOOK, OWN_CONNECTIONS, Governance, Refused, complaints
from routerd.network import airgap
from routerd.network.offline import LoopbackOnly
from routerd.network.outbound import HttpOutbound
from routerd.settings import mode_file, policy_file
from routerd.settings.places import Places

pytestmark = pytest.mark.anyio


@pytest.fixture
async def governance(tmp_path: Path) -> Governance:
    here = Places(tmp_path)
    door = LoopbackOnly(HttpOutbound(), offline=False)
    return Governance(here, door, AuditLog(here.audit))


async def test_a_mistake_keeps_the_last_good_policy_and_is_told(governance: Governance) -> None:
    path = governance.places.policy
    path.write_text("[[rule]]\nid = 'a'\nfloor = 0.5\n", encoding="utf-8")
    assert governance.load()
    assert not governance.load()
    path.write_text("[[rule]]\nid = 'a'\nfloor = ", encoding="utf-8")
    with pytest.raises(ConfigInvalid):
        governance.load()
    assert [rule.id for rule in governance.policy.rule] == ["a"]
    assert "policy.toml:3" in governance.warnings()[0]
    path.write_text("[[rule]]\nid = 'b'\nfloor = 0.5\n", encoding="utf-8")
    assert governance.load()
    assert governance.warnings() == []
    path.unlink()
    assert governance.load()
    assert governance.policy.rule == ()


async def test_a_policy_with_faults_is_in_force_and_warned_of(governance: Governance) -> None:
    text = "[[rule]]\nid = 'idle'\n[[test]]\nname = 't'\nrules = []\n"
    governance.places.policy.write_text(text, encoding="utf-8")
    governance.load()
    first, second = governance.warnings()
    assert "rule idle is unreachable" in first
    assert "test 't' fails: rules [idle] apply" in second
    policy, _ = policy_file.load(policy_file.shipped_path("team"))
    assert list(complaints(policy)) == []


async def test_the_switch_is_thrown_at_once_kept_and_the_strongest_layer_named(
    governance: Governance,
) -> None:
    assert governance.layer == ""
    governance.switch(offline=True, by="test")
    assert governance.door.offline
    assert governance.tripwire.armed
    assert governance.layer == OWN_CONNECTIONS
    governance.tripwire.installed = True
    assert governance.layer == AUDIT_HOOK
    governance.kernel = airgap.NAME
    assert governance.layer == airgap.NAME
    assert mode_file.offline(governance.places.mode)
    with pytest.raises(Refused, match="lets nobody out"):
        governance.switch(offline=False, by="test")
    governance.kernel = ""
    governance.switch(offline=False, by="test")
    assert (governance.layer, governance.tripwire.armed) == ("", False)


async def test_the_report_has_the_engines_that_stay_reachable(governance: Governance) -> None:
    governance.allow_engines(["http://127.0.0.1:11434"])
    report = governance.report()
    assert report["engines_allowed"] == ["http://127.0.0.1:11434"]
    assert (report["refused"], report["passed"], report["attempts"]) == (0, 0, [])


async def test_budgets_are_told_with_what_is_used(governance: Governance) -> None:
    text = "[[budget]]\nid = 'day'\nlimit = 2\nper = 'day'\n"
    governance.places.policy.write_text(text, encoding="utf-8")
    governance.load()
    (told,) = governance.balances()
    assert (told["id"], told["limit"], told["used"], told["currency"]) == ("day", 2.0, 0.0, "USD")
