"""Turns text into the classifier's token ids; the only importer of tokenizers."""

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from routerd.understanding.model_files import ModelUnusable
from routerd.understanding.spelling import Speller

TAIL_SHARE = 0.25
"""Share of the budget kept for a long text's end; the ask leads, see `input_text`."""

MAX_CHARACTERS_PER_TOKEN = 12
"""Longer texts are cut to windows of this many characters per token before tokenising."""


class TokenReader:
    """Encodes one text at a time, slips of the keyboard mended, without padding.

    It cuts to `max_tokens` at head and tail.
    """

    def __init__(self, tokenizer_json: bytes, max_tokens: int) -> None:
        """Raises: ModelUnusable when the bytes are no tokenizer."""
        try:
            self._tokenizer = Tokenizer.from_str(tokenizer_json.decode("utf-8"))
        except Exception as error:  # The library raises bare Exception.
            raise ModelUnusable(
                f"corrupt: the tokenizer can't be parsed ({type(error).__name__})"
            ) from error
        # The published file pads to 128 and cuts at 128 (seen 2026-11-23 in all-MiniLM-L6-v2):
        # every request would cost 128 tokens and lose its end.
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._max_tokens = max(max_tokens, 8)
        self._speller = speller_of(self._tokenizer)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return ids of shape [1, n], 2 <= n <= max_tokens, special tokens included."""
        limit = self._max_tokens * MAX_CHARACTERS_PER_TOKEN
        if len(text) > 2 * limit:
            text = f"{text[:limit]} {text[-limit:]}"
        ids = self._tokenizer.encode(self._speller.mend(text)).ids
        if len(ids) > self._max_tokens:
            # The last id is the closing special token, so the tail keeps it.
            tail = max(int(self._max_tokens * TAIL_SHARE), 1)
            ids = ids[: self._max_tokens - tail] + ids[-tail:]
        return np.asarray([ids], dtype=np.int64)


def speller_of(tokenizer: Tokenizer) -> Speller:
    """Return what mends slips towards the words that a tokenizer's vocabulary holds."""
    return Speller(lambda word: tokenizer.token_to_id(word) is not None)
