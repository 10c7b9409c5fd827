"""Counts the words developers use: `python -m models.training.common_words`.

Writes `routerd/understanding/common_words.txt`, by which the daemon mends slips of the keyboard:
the words of `FEWEST` or more taught English prompts, most used first. Without those of other
languages, their share tells an English text.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from models.training.rows import UNTAUGHT, Row, load_rows
from models.training.vocabulary import words
from routerd.understanding import spelling

FEWEST = 4
FOREIGN_SHARE = 0.1
"""Share of a prompt's words that our lexicon holds, above which it is not an English prompt."""
TARGET = Path(spelling.__file__).with_name(spelling.WORDS_FILE)


def main() -> None:
    """Count, write, say how many."""
    found = common_words(load_rows())
    TARGET.write_text("\n".join(found) + "\n", encoding="utf-8")
    print(f"{len(found)} words in {TARGET}")


def common_words(rows: Iterable[Row]) -> list[str]:
    """Return the words of enough taught prompts, most used first, then by letters."""
    counts: Counter[str] = Counter()
    foreign = words().keys()
    for row in rows:
        # Templates and benchmarks are code and standing phrases, many times over.
        if row.origin not in (*UNTAUGHT, "constructed") and row.text.isascii():
            found = {word.lower() for word in spelling.WORD.findall(row.text)}
            if len(found & foreign) <= FOREIGN_SHARE * len(found):
                counts.update(found - foreign)
    common = [word for word, count in counts.items() if count >= FEWEST]
    return sorted(common, key=lambda word: (-counts[word], word))


if __name__ == "__main__":
    main()
