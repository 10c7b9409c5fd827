"""Offline is proved from outside the process: a kernel counts packets, and a control fires first.

Every door, with names that resolve or not, proxies in the environment, IPv6 alone, engines down, a
crash and a reload; not one packet may leave, and not one question for a name be asked.
"""

import shutil
import sys
from itertools import product
from pathlib import Path

import pytest

from tests.egress.inside import outside
from tests.network.test_airgap import ALLOWED

TOOLS = ("unshare", "nft", "ip", "mount")
MISSING = [name for name in TOOLS if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or bool(MISSING) or not ALLOWED,
    reason=f"needs Linux, user namespaces and {', '.join(MISSING) or 'nothing more'}",
)
ENVIRONMENTS = [
    [word for word, wanted in zip(("names", "proxies", "ipv4"), choice, strict=True) if wanted]
    for choice in product((True, False), repeat=3)
]


def check(folder: Path, words: list[str], idle_s: float = 0.5) -> int:
    """Go through one environment; return how many scenarios there were."""
    found = outside(folder, words, idle_s=idle_s)
    for control in (found["control"], found["control_after"]):
        assert control["names"] > 0, "the counter of names does not count"
        assert control["out"] > 0, "the counter of packets does not count"
    print(f"{'+'.join(words)}: {len(found['scenarios'])} scenarios, control {found['control']}")
    leaks = [entry for entry in found["scenarios"] if entry["out"] or entry["names"]]
    assert leaks == []
    return len(found["scenarios"])


# Longer than it takes until engines are looked for again.
IDLE_S, LONG_IDLE_S = 35.0, 600.0


def test_nothing_leaves_through_any_door_with_names_proxies_and_both_families(
    tmp_path: Path,
) -> None:
    assert check(tmp_path, ["names", "proxies", "ipv4"], idle_s=6.0) >= 45


@pytest.mark.slow
@pytest.mark.parametrize("words", ENVIRONMENTS, ids=lambda words: "+".join(words) or "bare")
def test_nothing_leaves_in_any_environment(tmp_path: Path, words: list[str]) -> None:
    assert check(tmp_path, [*words, "long"], idle_s=IDLE_S) >= 60


@pytest.mark.slow
def test_nothing_leaves_from_within_the_airgap(tmp_path: Path) -> None:
    assert check(tmp_path, ["names", "proxies", "ipv4", "airgap", "long"]) >= 60


@pytest.mark.slow
def test_nothing_leaves_in_ten_idle_minutes(tmp_path: Path) -> None:
    assert check(tmp_path, ["names", "ipv4"], idle_s=LONG_IDLE_S) >= 45
