"""Values of the policy."""

from routerd.core.policy import TIERS, VERDICTS, ZONES, Policy, Screening, Selector


def test_secrets_stay_and_personal_data_is_masked_unless_said_otherwise() -> None:
    assert Policy().screening == Screening("stay-local", "mask")


def test_an_empty_selector_names_nobody() -> None:
    assert Selector().empty
    assert not Selector(tier=("premium",)).empty


def test_verdicts_go_from_mild_to_strict() -> None:
    assert VERDICTS == ("allow", "mask", "stay-local", "ask", "block")
    assert ZONES[0] == "device"
    assert TIERS[-1] == "premium"
