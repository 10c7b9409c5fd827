from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from routerd.core.request import Message, Request, Text, Thinking
from routerd.sessions import keys

ASK = Message("user", (Text("make it faster"),))
DONE = Message("assistant", (Text("Done."),))
FIRST = Request((Message("system", (Text("You help."),)), ASK), client="agent", session_key="s1")


def test_the_next_turn_has_the_same_key_although_the_system_text_changed() -> None:
    system = Message("system", (Text("You help. It is 12:01."),))
    later = replace(FIRST, messages=(system, ASK, DONE, Message("user", (Text("more"),))))
    assert keys.key_of(later) == keys.key_of(FIRST)


def test_another_client_session_workspace_or_opening_is_another_conversation() -> None:
    others = [
        replace(FIRST, client="other"),
        replace(FIRST, session_key="s2"),
        replace(FIRST, workspace="/w"),
        replace(FIRST, messages=(Message("user", (Text("write a title"),)),)),
    ]
    assert len({keys.key_of(request) for request in (FIRST, *others)}) == 5


def test_a_key_does_not_hold_what_was_asked() -> None:
    assert "faster" not in keys.key_of(FIRST)


def test_a_prefix_changes_with_any_word_and_not_with_dropped_thinking() -> None:
    whole = keys.prefixes_of([ASK, DONE])[1]
    assert keys.prefixes_of([ASK, Message("assistant", (Text("Done!"),))])[1] != whole
    assert keys.prefixes_of([DONE, ASK])[1] != whole
    thought = Message("assistant", (Thinking("hm"), Text("Done.")))
    assert keys.prefixes_of([ASK, thought])[1] == whole


def test_half_a_surrogate_pair_breaks_nothing() -> None:
    broken = Message("user", (Text("\ud83d"),))
    assert keys.key_of(Request((broken,)))
    assert keys.prefixes_of([broken])[1]


@given(st.integers(0, 6))
def test_the_first_few_have_the_digest_that_they_have_by_themselves(seen: int) -> None:
    talk = [ASK, DONE, ASK, DONE]
    before, whole = keys.prefixes_of(talk, seen)
    assert before == keys.prefixes_of(talk[:seen])[1]
    assert whole == keys.prefixes_of(talk)[1]
