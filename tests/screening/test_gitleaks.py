"""The list of gitleaks' rules and what of it is covered."""

from routerd.screening import gitleaks


def test_what_is_missing_is_known_by_name() -> None:
    covered, missing = gitleaks.coverage()
    assert missing == {
        "artifactory-reference-token",
        "cisco-meraki-api-key",
        "looker-client-id",
        "sourcegraph-access-token",
    }
    assert len(covered) == len(gitleaks.RULES) - len(missing)
    assert len(covered) > 200
