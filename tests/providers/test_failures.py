from collections.abc import AsyncIterator
from typing import Any

import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.ports import Reply
from routerd.providers.failures import MAX_ERROR_BYTES, check, from_status, read_all

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("status", "kind", "retryable", "hint"),
    [
        (204, "protocol", True, 502),
        (206, "protocol", True, 502),
        (302, "protocol", True, 502),
        (308, "protocol", True, 502),
        (400, "rejected", False, 400),
        (401, "credential", True, 502),
        (402, "overloaded", True, 503),
        (403, "credential", True, 502),
        (404, "rejected", True, 404),
        (408, "timeout", True, 504),
        (409, "overloaded", True, 503),
        (413, "rejected", False, 413),
        (422, "rejected", False, 422),
        (429, "overloaded", True, 429),
        (500, "died", True, 502),
        (502, "died", True, 502),
        (503, "overloaded", True, 503),
        (504, "timeout", True, 504),
        (529, "overloaded", True, 503),
        (599, "died", True, 502),
    ],
)
def test_every_status_has_its_kind(status: int, kind: str, retryable: bool, hint: int) -> None:
    failure = from_status("team", status, "told")
    assert (failure.kind, failure.retryable, failure.status) == (kind, retryable, status)
    assert failure.status_hint == hint
    assert failure.message.startswith(f"team answered {status}")


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _reply(status: int, kind: str, *pieces: bytes, **headers: str) -> Reply:
    return Reply(status, {"content-type": kind, **headers}, _pieces(*pieces))


async def test_a_body_is_read_to_its_limit_and_not_beyond() -> None:
    assert await read_all(_pieces(b"ab", b"c"), 3, "team") == b"abc"
    with pytest.raises(ProviderFailed, match="more than 0 KiB") as caught:
        await read_all(_pieces(b"ab", b"cd"), 3, "team")
    assert caught.value.kind == "protocol"


@pytest.mark.parametrize(
    "kind", ["text/event-stream", "TEXT/Event-Stream; charset=utf-8", "text/event-stream;x"]
)
async def test_the_content_type_is_compared_without_parameters_and_case(kind: str) -> None:
    await check(_reply(200, kind), "team", "text/event-stream")


@pytest.mark.parametrize("kind", ["text/html", "application/json", "text/event-streams", ""])
async def test_another_content_type_is_a_protocol_error(kind: str) -> None:
    with pytest.raises(ProviderFailed, match="instead of text/event-stream") as caught:
        await check(_reply(200, kind), "team", "text/event-stream")
    assert (caught.value.kind, caught.value.retryable) == ("protocol", True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error":{"message":"too\\n many","type":"x"}}', "answered 500: too many"),
        (b'{"error":"plain"}', "answered 500: plain"),
        (b'{"detail":"Not authenticated"}', "answered 500: Not authenticated"),
        (b'{"message":"short"}', "answered 500: short"),
        (b"{}", "answered 500: no message given"),
        (b"<html>", "answered 500: no readable error message"),
        (b"", "answered 500: no readable error message"),
        (b"x" * (MAX_ERROR_BYTES + 1), "answered 500: no readable error message"),
    ],
)
async def test_the_backends_own_words_are_told(body: bytes, words: str) -> None:
    with pytest.raises(ProviderFailed) as caught:
        await check(_reply(500, "application/json", body), "team", "application/json")
    assert caught.value.message == f"team {words}"


async def test_words_without_end_are_cut() -> None:
    body = b'{"error":"' + b"x" * 5000 + b'"}'
    with pytest.raises(ProviderFailed) as caught:
        await check(_reply(500, "application/json", body), "team", "application/json")
    assert len(caught.value.message) < 400


async def test_an_error_that_lists_what_was_sent_is_told_without_it() -> None:
    told = (
        b'{"detail":[{"loc":["body","messages"],"msg":"Field required","input":"my prompt"},'
        b'{"msg":"Too long"}, 7]}'
    )
    with pytest.raises(ProviderFailed) as caught:
        await check(_reply(422, "application/json", told), "team", "application/json")
    assert caught.value.message == "team answered 422: Field required; Too long"


async def test_the_wish_to_wait_is_taken_from_the_headers() -> None:
    headers: dict[str, Any] = {"retry-after": "12"}
    with pytest.raises(ProviderFailed) as caught:
        await check(_reply(429, "application/json", b"{}", **headers), "team", "x")
    assert caught.value.retry_after_s == 12


GOOGLES = b'{"error": {"message": "quota", "details": [3, {"a": 1}, {"retryDelay": "34s"}]}}'


@pytest.mark.parametrize(
    ("body", "seconds"), [(GOOGLES, 34.0), (b'{"error": {"details": 3}}', None), (b"{}", None)]
)
async def test_the_wish_to_wait_is_taken_from_the_body_where_it_is_there(
    body: bytes, seconds: float | None
) -> None:
    with pytest.raises(ProviderFailed) as caught:
        await check(_reply(429, "application/json", body), "team", "x")
    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize(
    ("words", "kind", "retryable"),
    [
        ("prompt is too long: 210001 tokens > 200000 maximum", "rejected", True),
        ("This model's maximum context length is 8192 tokens", "rejected", True),
        ("Your credit balance is too low to access the API", "overloaded", True),
        ("API key not valid. Please pass a valid API key.", "credential", True),
        ("messages: roles must alternate", "rejected", False),
    ],
)
def test_a_400_means_what_its_words_say(words: str, kind: str, retryable: bool) -> None:
    failure = from_status("team", 400, words)
    assert (failure.kind, failure.retryable) == (kind, retryable)
