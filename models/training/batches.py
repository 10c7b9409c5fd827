"""Which rows an epoch goes over, as token ids in batches of like length."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.training.embed import MAX_TOKENS
from models.training.encoder import tokenizer_json
from models.training.rows import Row
from routerd.understanding.tokens import speller_of

PAD = 0


class EpochDraw:
    """Which rows an epoch goes over: all of most origins, as many of others as `draws` says."""

    def __init__(self, rows: Sequence[Row], draws: Mapping[str, int]) -> None:
        origins = np.asarray([row.origin for row in rows])
        self._always = np.flatnonzero(~np.isin(origins, list(draws)))
        drawn = [(np.flatnonzero(origins == origin), most) for origin, most in draws.items()]
        self._drawn = [(places, min(most, len(places))) for places, most in drawn]
        self.count = len(self._always) + sum(size for _, size in self._drawn)
        self._rows = len(rows)

    def order(self, chance: np.random.Generator) -> NDArray[np.int64]:
        """Return their places in random order."""
        some = [chance.permutation(places)[:size] for places, size in self._drawn]
        return chance.permutation(np.concatenate([self._always, *some]))

    def shares(self) -> NDArray[np.float64]:
        """Return in which share of epochs each row is [n]."""
        shares = np.ones(self._rows)
        for places, size in self._drawn:
            shares[places] = size / max(len(places), 1)
        return shares


class TextTokens:
    """Tokenises many texts at once, slips mended, cut to head and tail as the daemon does."""

    def __init__(self, longest: int = MAX_TOKENS) -> None:
        self._longest = longest
        self._tokenizer = Tokenizer.from_str(tokenizer_json())
        self._speller = speller_of(self._tokenizer)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return ids per text, at most `longest`."""
        result = []
        for encoding in self._tokenizer.encode_batch([self._speller.mend(text) for text in texts]):
            result.append(head_and_tail(encoding.ids, self._longest))
        return result


def head_and_tail(ids: list[int], longest: int) -> list[int]:
    """Cut ids to three parts of head and one of tail where they are more than `longest`."""
    tail = longest // 4
    return ids if len(ids) <= longest else ids[: longest - tail] + ids[-tail:]


def by_length(tokens: Sequence[Sequence[int]], batch: int) -> list[NDArray[np.int64]]:
    """Return places in batches of texts of nearly one length, so that little is padded."""
    order = np.argsort([len(ids) for ids in tokens], kind="stable")
    return [order[first : first + batch] for first in range(0, len(order), batch)]


def padded(tokens: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids and mask [b, longest]."""
    lengths = np.asarray([len(ids) for ids in tokens])
    mask = np.arange(lengths.max()) < lengths[:, None]
    ids = np.full(mask.shape, PAD, dtype=np.int64)
    ids[mask] = np.concatenate([np.asarray(some, dtype=np.int64) for some in tokens])
    return torch.from_numpy(ids), torch.from_numpy(mask.astype(np.int64))
