"""A candidate's name and whether a request to it leaves the machine."""

import pytest

from routerd.core.candidate import Candidate, Zone


def test_the_name_is_provider_and_model() -> None:
    assert Candidate("ollama", "qwen/coder:7b").name == "ollama/qwen/coder:7b"


@pytest.mark.parametrize(
    ("zone", "leaves"), [("device", False), ("network", True), ("cloud", True)]
)
def test_only_the_device_zone_stays_on_the_machine(zone: Zone, leaves: bool) -> None:
    assert Candidate("p", "m", zone=zone).leaves_machine is leaves
