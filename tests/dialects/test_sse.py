"""Bytes to lines to events: the same whatever the network did to the pieces."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.errors import ProviderFailed
from routerd.dialects import sse
from routerd.dialects.sse import Event, EventParser, LineSplitter

# Bytes that mean something to the format, so that short streams meet every rule.
STREAMS = st.lists(
    st.sampled_from(
        [
            b"\r",
            b"\n",
            b"\r\n",
            b"data",
            b":",
            b" ",
            b"event",
            b"x",
            b"\xef\xbb\xbf",
            b"id",
            b"\xff",
        ]
    ),
    max_size=24,
).map(b"".join)
CUTS = st.lists(st.integers(0, 100), max_size=8)


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    """Cut `stream` at the given places; some pieces are empty."""
    places = sorted({0, len(stream), *(cut for cut in cuts if cut <= len(stream))})
    return [b"", *(stream[a:b] for a, b in itertools.pairwise(places))]


def events_of(*chunks: bytes) -> list[Event]:
    parser = EventParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [Event(b"a")]),
        (b"data:a\r\n\r\n", [Event(b"a")]),
        (b"data: a\r\r", [Event(b"a")]),
        (b"data:  two spaces\n\n", [Event(b" two spaces")]),
        (b"data: a\ndata: b\n\n", [Event(b"a\nb")]),
        (b"data\n\n", [Event(b"")]),
        (b"data:\n\n", [Event(b"")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Event(b"a")]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [Event(b"a")]),
        (b": comment\n\ndata: a\n\n", [Event(b"a")]),
        (b"event: ping\n\ndata: a\n\n", [Event(b"a")]),
        (b"event: error\ndata: a\n\ndata: b\n\n", [Event(b"a", "error"), Event(b"b")]),
        (b"event: \xff\ndata: a\n\n", [Event(b"a", "\ufffd")]),
        (b"id: 7\nretry: 5\nunknown: x\ndata: a\n\n", [Event(b"a")]),
        (b"data: never dispatched\n", []),
        (b"\n\n\n", []),
        (b"", []),
    ],
)
def test_a_stream_gives_these_events(stream: bytes, events: list[Event]) -> None:
    assert events_of(stream) == events


@given(stream=STREAMS, cuts=CUTS)
def test_any_split_of_a_stream_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    whole, cut = EventParser(), EventParser()
    expected = whole.feed(stream)
    assert [event for piece in pieces(stream, cuts) for event in cut.feed(piece)] == expected
    assert cut.unfinished == whole.unfinished


@given(stream=STREAMS)
def test_bytes_one_by_one_give_the_same_events(stream: bytes) -> None:
    assert events_of(*(bytes([byte]) for byte in stream)) == events_of(stream)


@given(stream=st.binary(max_size=60), cuts=CUTS, universal=st.booleans())
def test_any_split_gives_the_same_lines(stream: bytes, cuts: list[int], universal: bool) -> None:
    splitter = LineSplitter(universal=universal)
    lines = [line for piece in pieces(stream, cuts) for line in splitter.feed(piece)]
    plain = stream
    if universal:
        plain = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert [*lines, splitter.rest] == plain.split(b"\n")


def test_only_lf_ends_a_line_of_ndjson() -> None:
    assert LineSplitter(universal=False).feed(b"a\rb\r\nc\n") == [b"a\rb\r", b"c"]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_line_beyond_the_bound_fails_however_it_arrives(size: int) -> None:
    stream = b"short\n" + b"x" * 33 + b"\n"
    splitter = LineSplitter(universal=True, max_bytes=32)
    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    with pytest.raises(ProviderFailed, match="a line of more than") as failed:
        list(map(splitter.feed, chunks))
    assert failed.value.kind == "protocol"


def test_an_event_of_many_lines_is_bounded_as_well() -> None:
    parser = EventParser(max_bytes=64)
    with pytest.raises(ProviderFailed, match="an event of more than"):
        parser.feed(b"data: 0123456789\n" * 6)


def test_an_event_of_empty_lines_is_bounded_as_well() -> None:
    parser = EventParser(max_bytes=64)
    with pytest.raises(ProviderFailed, match="an event of more than"):
        parser.feed(b"data\n" * 65)


def test_events_within_the_bound_may_go_on_for_ever() -> None:
    parser = EventParser(max_bytes=64)
    assert sum(len(parser.feed(b"data: 0123456789\n\n")) for _ in range(100)) == 100


@pytest.mark.parametrize(
    ("stream", "unfinished"),
    [
        (b"data: a\n\n", False),
        (b"data: a\n", True),
        (b"data: a", True),
        (b": comment\n", False),
        (b"data: a\n\n  ", False),
        (b"", False),
    ],
)
def test_a_stream_that_stops_in_an_event_is_unfinished(stream: bytes, unfinished: bool) -> None:
    parser = EventParser()
    parser.feed(stream)
    assert parser.unfinished is unfinished


@given(
    data=st.binary().filter(lambda data: not {10, 13} & set(data)), name=st.sampled_from(["", "e"])
)
def test_what_is_encoded_comes_back(data: bytes, name: str) -> None:
    assert events_of(sse.encode(data, name)) == [Event(data, name)]


@given(text=st.text())
def test_a_comment_is_no_event_whatever_it_says(text: str) -> None:
    assert events_of(sse.comment(text), sse.encode(b"a")) == [Event(b"a")]


def test_a_comment_keeps_its_words() -> None:
    assert sse.comment("loading\r\n50 %") == b": loading  50 %\n\n"


def test_data_of_several_lines_is_told_line_by_line() -> None:
    data = b'{\n  "a": 1\n}'
    assert [event.data for event in EventParser().feed(sse.encode(data, "x"))] == [data]
