"""One entry and its place in the chain."""

import json

import pytest

from routerd.audit import chain
from routerd.audit.chain import GENESIS, Head, Unreadable


def test_each_entry_names_the_hash_of_the_one_before() -> None:
    first, head = chain.line(Head(), "2026-11-27T00:00:00.000Z", "started", {"a": 1})
    second, after = chain.line(head, "2026-11-27T00:00:01.000Z", "stopped", {})
    one, two = chain.read(first), chain.read(second)
    assert one["prev"] == GENESIS
    assert two["prev"] == one["hash"] == chain.hash_of(one)
    assert (head.seq, after.seq) == (1, 2)
    assert first.isascii()
    assert first.count("\n") == 1


def test_facts_can_not_take_the_place_of_the_entrys_own_keys() -> None:
    text, _ = chain.line(Head(), "t", "k", {"seq": 99, "prev": "x", "hash": "y", "kind": "z"})
    entry = chain.read(text)
    assert (entry["seq"], entry["prev"], entry["kind"]) == (1, GENESIS, "k")


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"seq": "1"}', '{"seq": 1, "at": 2}'])
def test_what_is_no_entry_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        chain.read(text)


def test_the_hash_covers_every_fact() -> None:
    text, _ = chain.line(Head(), "t", "k", {"text": "ü\n\u2028", "n": 0.1})
    entry = json.loads(text)
    assert chain.hash_of(entry) == entry["hash"]
    assert chain.hash_of({**entry, "n": 0.2}) != entry["hash"]
