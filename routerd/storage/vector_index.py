"""Finds similar past tasks: a sketch in memory picks a few, sqlite-vec compares those exactly.

It decides nothing about what is worth keeping. See design.md for the measurements behind it.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from routerd.core.features import Neighbour
from routerd.storage.database import Connection
from routerd.storage.sketch import DIMENSIONS, Sketch, bits_from_bytes, sign_bits

EMBEDDING_BYTES = DIMENSIONS * 4
RESCORED = 96
"""How many tasks are read from the file and compared by their whole vectors."""

_LOAD_ROWS = 2048

_LOAD = """
    select json_group_array(id), group_concat(hex(bits), '')
    from (
        select m.id as id, vec_quantize_binary(v.embedding) as bits
        from memories as m cross join memory_vectors as v on v.id = m.id
        where m.embedder = ? and m.id > ? and m.id <= ?
    )
"""

# `cross join` fixes the order of the loops: one look-up by id per candidate. With
# `v.id in (select value from json_each(?2))` SQLite scans the whole vector table (9 ms at 50 000).
_RESCORE = """
    select json_group_array(
        json_array(m.id, m.model, best.similarity, m.success, m.at_unix_s, m.useful_at_unix_s))
    from (
        select v.id as id, 1 - vec_distance_cosine(v.embedding, ?1) as similarity
        from json_each(?2) as near cross join memory_vectors as v on v.id = near.value
        order by similarity desc
        limit ?3
    ) as best
    cross join memories as m on m.id = best.id
"""


def usable(embedding: bytes) -> bool:
    """Whether it is a vector that can be compared: 384 float32, all finite, not all zero.

    sqlite-vec takes NaN without complaint and then gives such rows first to every query.
    """
    if len(embedding) != EMBEDDING_BYTES:
        return False
    values = np.frombuffer(embedding, np.float32)
    return bool(np.isfinite(values).all() and values.any())


def insert_vector(connection: Connection, memory: int, embedding: bytes) -> None:
    """Store the vector of a new memory. Raises: ValueError unless `usable`."""
    _refuse_unusable(embedding)
    connection.execute(
        "insert into memory_vectors (id, embedding) values (?, ?)", (memory, embedding)
    )


def replace_vector(connection: Connection, memory: int, embedding: bytes) -> None:
    """Put another vector into an existing row. Raises: ValueError unless `usable`.

    sqlite-vec never gives the space of a deleted row back and refuses INSERT OR REPLACE, so a
    row that makes room is overwritten in place.
    """
    _refuse_unusable(embedding)
    connection.execute("update memory_vectors set embedding = ? where id = ?", (embedding, memory))


def _refuse_unusable(embedding: bytes) -> None:
    if not usable(embedding):
        raise ValueError("an embedding must be 384 finite float32, not all of them zero")


@dataclass(frozen=True, slots=True)
class Found:
    """A neighbour and its row; `useful_at_unix_s` is when the row was last known to be of use."""

    memory: int
    useful_at_unix_s: float
    neighbour: Neighbour


class VectorIndex:
    """The sketch and how it is filled and asked; owned by the thread of one reader.

    Only memories made by `embedder` are looked at: vectors of different models don't compare.
    """

    def __init__(self, embedder: str = "") -> None:
        self._embedder = embedder
        self._sketch: Sketch | None = None

    def load(self, connection: Connection) -> None:
        """Fill the sketch from the file (about 0.2 s for 50 000 memories), once."""
        if self._sketch is not None:
            return
        sketch = Sketch()
        last = int(connection.execute("select coalesce(max(id), 0) from memories").get)
        for start in range(0, last, _LOAD_ROWS):
            span = (self._embedder, start, start + _LOAD_ROWS)
            # One row back, not 2 048: every row returned is a struggle for the interpreter lock.
            ids, bits = connection.execute(_LOAD, span).get
            sketch.put(json.loads(ids), bits_from_bytes(bytes.fromhex(bits or "")))
        self._sketch = sketch

    def reload(self, connection: Connection) -> None:
        """Fill the sketch anew: memories were deleted."""
        self._sketch = None
        self.load(connection)

    def put(self, memory: int, embedding: bytes) -> None:
        """Take in a memory that has been committed; before `load` there is nothing to do."""
        if self._sketch is not None:
            self._sketch.put([memory], sign_bits(np.frombuffer(embedding, np.float32)[None]))

    def nearest(
        self, connection: Connection, embedding: bytes, k: int, now_s: float
    ) -> list[Found]:
        """Return the `k` (at most 96) most similar memories, most similar first."""
        self.load(connection)
        assert self._sketch is not None  # noqa: S101  # loaded one line above
        near = self._sketch.likely(np.frombuffer(embedding, np.float32), RESCORED)
        if not near:
            return []
        rows = connection.execute(_RESCORE, (embedding, json.dumps(near), max(0, k))).get
        found = [_found(row, now_s) for row in json.loads(rows)]
        found.sort(key=lambda one: -one.neighbour.similarity)
        return found


def _found(row: list[Any], now_s: float) -> Found:
    memory, model, similarity, success, at_unix_s, useful_at_unix_s = row
    # The wall clock may have been set back since; nothing is younger than now.
    age_s = max(0.0, now_s - at_unix_s)
    neighbour = Neighbour(model, similarity, success, age_s)
    return Found(memory, useful_at_unix_s, neighbour)
