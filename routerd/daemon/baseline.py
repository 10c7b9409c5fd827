"""What the model that savings are measured against costs; looks up names, asks nobody."""

from functools import lru_cache

from routerd.core.candidate import Price
from routerd.settings.catalogue_file import Entry, ModelCatalogue, words


class Baseline:
    """Prices by model name; `configured` stands in for names whose price isn't known.

    A coding tool may ask for a model that exists nowhere, and what it saves must be measured all
    the same.
    """

    def __init__(self, named: ModelCatalogue, configured: str) -> None:
        self._named = named
        self._configured = configured
        self.price_of = lru_cache(maxsize=256)(self._price_of)

    def _price_of(self, name: str) -> Price | None:
        """Return the price; None where neither this name's nor the configured one's is known."""
        for wanted in (name, self._configured):
            entry = self._named.find(wanted) or newest(self._named, wanted)
            if entry is not None and entry.price is not None:
                price = entry.price
                return Price(price.input, price.cached_input, price.output)
        return None


def newest(named: ModelCatalogue, family: str) -> Entry | None:
    """Return the newest priced model of a line that is named without a version (`claude-sonnet`).

    None where no name begins with all of its words and goes on with nothing but numbers.
    """
    start = words(family)
    found = [
        (tuple(int(word) for word in rest), entry)
        for entry in named.model
        if start and entry.price is not None
        for told in (words(entry.name),)
        for rest in (told[len(start) :],)
        if told[: len(start)] == start and all(word.isdigit() for word in rest)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None
