"""Which files a request speaks of; the texts are only read."""

import re
from collections import OrderedDict

from routerd.core.request import Request
from routerd.policy.masking import text_of

# A word with a slash or a suffix; what stands before a colon and a line number is the path.
_PATH = re.compile(
    r"(?<![\w@:])(?:[A-Za-z]:[\\/]|~?[./\\]{0,3})?(?:[\w.@+\-]+[/\\])*[\w.@+\-]*\.?[\w+\-]+"
)
# A word without a slash is a file only by a suffix that files have: `self.name` is none.
_FILE = re.compile(
    r"(?i)\w\.(?:py|pyi|ipynb|js|mjs|cjs|ts|tsx|jsx|vue|svelte|go|rs|java|kt|kts|scala|c|h|cc|cpp|"
    r"hpp|cs|rb|php|swift|sh|bash|ps1|sql|md|rst|txt|json|jsonl|ya?ml|toml|ini|cfg|conf|env|xml|"
    r"html?|css|scss|tf|tfvars|lock|csv|parquet|pem|key|crt|dump|proto|gradle|log)$"
)
MOST_PATHS = 2000
_REMEMBERED = 2048
_seen: OrderedDict[int, tuple[str, ...]] = OrderedDict()


def paths_of(request: Request) -> tuple[str, ...]:
    """Return the paths in all messages and tool calls, each once, in the order they come."""
    found: dict[str, None] = {}
    for message in request.messages:
        for part in message.parts:
            text = text_of(part)
            if "/" in text or "\\" in text or "." in text:
                found.update(dict.fromkeys(_in(text)))
            if len(found) >= MOST_PATHS:
                break
    return tuple(found)[:MOST_PATHS]


def _in(text: str) -> tuple[str, ...]:
    """Return the paths of one text; an agent sends the same texts again and again."""
    key = hash(text)
    if key in _seen:
        _seen.move_to_end(key)
        return _seen[key]
    found = tuple(
        word.replace("\\\\", "/").rstrip(".")
        for word in dict.fromkeys(_PATH.findall(text))
        if "/" in word or "\\" in word or _FILE.search(word)
    )
    _seen[key] = found
    while len(_seen) > _REMEMBERED:
        _seen.popitem(last=False)
    return found
