"""Errors and the HTTP status each suggests."""

import pytest

from routerd.core.errors import (
    AlreadyRunning,
    ConfigInvalid,
    InvalidRequest,
    NoCandidate,
    NotFound,
    ProviderFailed,
    RouterdError,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RouterdError("x"), 500),
        (InvalidRequest("x"), 400),
        (NotFound("x"), 404),
        (NoCandidate("x"), 503),
        (NoCandidate("x", refused_by_policy=True), 403),
        (ConfigInvalid("x"), 500),
        (AlreadyRunning("x", 7), 500),
        (ProviderFailed("x", "died"), 502),
        (ProviderFailed("x", "timeout"), 504),
        (ProviderFailed("x", "rejected", status=422), 422),
        (ProviderFailed("x", "rejected", status=500), 502),
        (ProviderFailed("x", "rejected"), 502),
        (ProviderFailed("x", "overloaded", status=429), 429),
        (ProviderFailed("x", "overloaded", status=529), 503),
        (ProviderFailed("x", "overloaded"), 503),
    ],
)
def test_each_error_suggests_its_status(error: RouterdError, status: int) -> None:
    assert error.status_hint == status
    assert error.message == "x"


def test_a_status_of_one_error_does_not_leak_into_its_class() -> None:
    NoCandidate("x", refused_by_policy=True)
    ProviderFailed("x", "timeout")
    assert (NoCandidate.status_hint, ProviderFailed.status_hint) == (503, 502)


def test_errors_carry_what_their_doors_need() -> None:
    assert InvalidRequest("x", "messages").param == "messages"
    assert AlreadyRunning("x", 7).pid == 7
    failed = ProviderFailed("x", "overloaded", retryable=False, retry_after_s=2.0, status=429)
    assert (failed.retryable, failed.retry_after_s, failed.status) == (False, 2.0, 429)
