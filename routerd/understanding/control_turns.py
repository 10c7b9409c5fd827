"""Tells turns that only steer an agent ("yes", "continue", "2") from turns that ask something.

Judges words, never a model's reading: such a turn has no task of its own, it goes on with the
session's.
"""

import re

MAX_WORDS = 8
MAX_CHARACTERS = 80

_STEERING_WORDS = """
    yes y yep yeah yup yea aye ok okay k sure fine good great nice perfect cool awesome excellent
    right correct exactly agreed approve approved lgtm thanks thank you thx ty please pls
    no n nope nah stop wait cancel abort never mind nevermind
    continue proceed go ahead on going carry keep resume retry again try next move forward
    do it that this so them both all of the these those with and or then now just for let lets us
    let's we i'd prefer like take choose pick use option options number choice answer
    first second third fourth last one two three four five a b c d e done ready sounds looks
"""
_STEERING_SET = frozenset(_STEERING_WORDS.split())
_WORD = re.compile(r"(?:[^\W\d_]|')+|\d+")


def is_steering(ask: str) -> bool:
    """Whether `ask` (wrappers already off) says nothing but go on, stop, or which option.

    An empty ask is steering too: it holds nothing to classify.
    """
    if len(ask) > MAX_CHARACTERS:
        return False
    words = _WORD.findall(ask.lower().replace("\u2019", "'"))
    if not words:
        return not any(character.isalpha() for character in ask)
    if len(words) > MAX_WORDS or "?" in ask:
        return False
    return all(word in _STEERING_SET or word.isdigit() for word in words)
