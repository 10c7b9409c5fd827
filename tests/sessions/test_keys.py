from dataclasses import replace

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
    whole = keys.prefix_of([ASK, DONE])
    assert keys.prefix_of([ASK, Message("assistant", (Text("Done!"),))]) != whole
    assert keys.prefix_of([DONE, ASK]) != whole
    thought = Message("assistant", (Thinking("hm"), Text("Done.")))
    assert keys.prefix_of([ASK, thought]) == whole


def test_half_a_surrogate_pair_breaks_nothing() -> None:
    broken = Message("user", (Text("\ud83d"),))
    assert keys.key_of(Request((broken,)))
    assert keys.prefix_of([broken])
