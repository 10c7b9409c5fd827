"""Other ways to type the same ask: what a reading must not depend on.

Used to measure a classifier (`routerd classify --score`); each keeps what is wanted and changes
casing, spelling, politeness or the wrapper around it. Pure; chance comes from the caller.
"""

import random
from collections.abc import Callable, Mapping

TYPO_SHARE = 0.03
MOST_TYPOS = 12
FEWEST_LETTERS = 8
_REMINDER = "<system_reminder>The files below changed on disk.</system_reminder>\n"
_ATTACHED = """<attached_files>
export async function loadUser(id: string): Promise<User> {
  const row = await db.users.find(id);
  if (!row) throw new NotFound(`no user ${id}`);
  return { ...row, name: row.name.trim() };
}
</attached_files>
"""
_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj",
    "i": "uo", "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o",
    "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc",
    "y": "tu", "z": "x",
}  # fmt: skip


def typo(text: str, source: random.Random, *, share: float = TYPO_SHARE) -> str:
    """Swap, drop, double or mistype about `share` of the letters (at least one, at most 12)."""
    letters = [index for index, character in enumerate(text) if character.isalpha()]
    if len(letters) < FEWEST_LETTERS:
        return text
    characters = list(text)
    count = max(1, min(int(len(letters) * share), MOST_TYPOS))
    for index in source.sample(letters, count):
        characters[index] = _mistype(characters, index, source)
    return "".join(characters)


def _mistype(characters: list[str], index: int, source: random.Random) -> str:
    kind, letter = source.randrange(4), characters[index]
    if kind == 0 and index + 1 < len(characters) and characters[index + 1].isalpha():
        following = characters[index + 1]
        characters[index + 1] = letter
        return following
    if kind == 1:
        return ""
    if kind == 2:
        return letter * 2
    return source.choice(_NEIGHBOURS.get(letter.lower(), letter))


REWORDINGS: Mapping[str, Callable[[str, random.Random], str]] = {
    "lower case": lambda text, _: text.lower(),
    "upper case": lambda text, _: text.upper(),
    "typos": typo,
    "no end mark": lambda text, _: text.rstrip(" .!?"),
    "greeting": lambda text, _: f"Hi there! {text}",
    "politeness": lambda text, _: f"{text} - thanks a lot in advance",
    "attached file": lambda text, _: f"{_ATTACHED}<user_query>\n{text}\n</user_query>",
    "editor's wrapper": lambda text, _: f"{_REMINDER}<user_query>\n{text}\n</user_query>",
}
