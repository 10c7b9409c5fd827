"""The signs of all vectors in memory, 48 bytes each, to find the few worth reading from the file.

It knows no database and gives no final order: what it returns has to be compared by whole vectors.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

DIMENSIONS = 384
SCREENED = 512
"""How many tasks pass the first screen, which counts the signs that differ from the query's."""

_WORDS = DIMENSIONS // 64
_UNUSED = np.uint16(DIMENSIONS + 1)

Bits = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]
Columns = npt.NDArray[np.intp]


def sign_bits(vectors: Floats) -> Bits:
    """Return n x 6 words for n x 384: bit i is set where dimension i is positive."""
    return np.packbits(vectors > 0, axis=1, bitorder="little").view(np.uint64)


def bits_from_bytes(packed: bytes) -> Bits:
    """Return n x 6 words from what sqlite-vec's vec_quantize_binary gives, 48 bytes a vector."""
    return np.frombuffer(packed, np.uint64).reshape(-1, _WORDS)


class Sketch:
    """Column i holds the signs of memory i + 1.

    Ids are dense because rows are overwritten, never deleted, so no id needs to be stored.
    """

    def __init__(self) -> None:
        self._size = 0
        self._bits: Bits = np.zeros((_WORDS, 0), np.uint64)
        self._penalty: npt.NDArray[np.uint16] = np.zeros(0, np.uint16)
        self._allocate(1024)

    def __len__(self) -> int:
        return int(np.count_nonzero(self._penalty[: self._size] == 0))

    def put(self, memories: Sequence[int], bits: Bits) -> None:
        """Set the signs (n x 6 words) of these n memories."""
        if not memories:
            return
        columns = np.asarray(memories) - 1
        self._size = max(self._size, int(columns.max()) + 1)
        if self._size > self._bits.shape[1]:
            self._allocate(2 * self._size)
        self._bits[:, columns] = bits.T
        self._penalty[columns] = 0

    def likely(self, vector: Floats, count: int) -> list[int]:
        """Return up to `count` (at most 512) memories likely to be nearest, in no order."""
        distance = self._distance(sign_bits(vector[None])[0])
        columns = _smallest(distance, SCREENED)
        columns = columns[distance[columns] < _UNUSED]
        if len(columns) > count:
            columns = columns[_smallest(-self._projection(columns, vector), count)]
        memories: list[int] = (columns + 1).tolist()
        return memories

    def _distance(self, bits: Bits) -> npt.NDArray[np.uint16]:
        """Return per column how many signs differ; a column without a memory is farthest."""
        differing, counts = self._differing[:, : self._size], self._counts[:, : self._size]
        np.bitwise_xor(self._bits[:, : self._size], bits[:, None], out=differing)
        np.bitwise_count(differing, out=counts)
        distance: npt.NDArray[np.uint16] = counts.sum(axis=0, dtype=np.uint16)
        distance += self._penalty[: self._size]
        return distance

    def _projection(self, columns: Columns, vector: Floats) -> Floats:
        """Return the sum of the vector's values over each column's positive signs.

        It tells much more than the count of differing signs, because it weighs them; for all
        columns it would take 10 ms. einsum rather than @, which wakes the threads of BLAS.
        """
        packed = np.ascontiguousarray(self._bits[:, columns].T).view(np.uint8)
        signs = np.unpackbits(packed, axis=1, bitorder="little").astype(np.float32)
        projected: Floats = np.einsum("ij,j->i", signs, vector)
        return projected

    def _allocate(self, capacity: int) -> None:
        """Grow; the scratch arrays are kept because fresh ones cost more than the search."""
        bits = np.zeros((_WORDS, capacity), np.uint64)
        penalty = np.full(capacity, _UNUSED, np.uint16)
        known = len(self._penalty)
        bits[:, :known] = self._bits
        penalty[:known] = self._penalty
        self._bits, self._penalty = bits, penalty
        self._differing = np.empty_like(bits)
        self._counts = np.empty(bits.shape, np.uint8)


def _smallest(values: npt.NDArray[np.uint16] | Floats, count: int) -> Columns:
    """Return where the `count` smallest values are, in no order; all where there are fewer."""
    if len(values) <= count:
        return np.arange(len(values))
    return np.argpartition(values, count)[:count]
