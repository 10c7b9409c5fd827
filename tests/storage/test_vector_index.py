from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from routerd.storage.database import Connection, SqliteError
from routerd.storage.opening import open_state
from routerd.storage.rows import Answered, record
from routerd.storage.vector_index import (
    EMBEDDING_BYTES,
    VectorIndex,
    insert_vector,
    replace_vector,
    usable,
)
from tests.fakes import past_tasks

NOW_S = 2e9


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    opened, _ = open_state(tmp_path / "home" / "state.db")
    yield opened
    opened.close()


def remember(connection: Connection, vectors: list[bytes], *, embedder: str = "") -> None:
    with connection:
        first = connection.execute("select count(*) from decisions").get
        for number, vector in enumerate(vectors, start=first):
            identity = f"d{number}"
            answered = Answered(
                past_tasks.decision(identity, vector),
                past_tasks.outcome(identity, model=f"m{number}"),
                {},
                1000.0,
            )
            record(connection, answered, embedder=embedder, max_memories=10_000)


def spoilt(value: float) -> bytes:
    vector = np.frombuffer(past_tasks.embedding(1), np.float32).copy()
    vector[17] = value
    return vector.tobytes()


UNUSABLE = {
    "empty": b"",
    "short": past_tasks.embedding(1)[:-4],
    "long": past_tasks.embedding(1) + b"\0\0\0\0",
    "zero": bytes(EMBEDDING_BYTES),
    "nan": spoilt(float("nan")),
    "infinite": spoilt(float("inf")),
}


@pytest.mark.parametrize("embedding", UNUSABLE.values(), ids=UNUSABLE)
def test_a_vector_that_cannot_be_compared_is_refused(
    connection: Connection, embedding: bytes
) -> None:
    assert not usable(embedding)
    with pytest.raises(ValueError, match="384 finite float32"):
        insert_vector(connection, 1, embedding)
    with pytest.raises(ValueError, match="384 finite float32"):
        replace_vector(connection, 1, embedding)


def test_sqlite_vec_itself_would_give_nan_first(connection: Connection) -> None:
    """The reason for `usable`: should this ever fail, sqlite-vec has learnt to refuse NaN."""
    connection.execute(
        "insert into memory_vectors (id, embedding) values (1, ?)", (UNUSABLE["nan"],)
    )
    insert_vector(connection, 2, past_tasks.embedding(1))
    nearest = connection.execute(
        "select id from memory_vectors where embedding match ? and k = 1",
        (past_tasks.embedding(1),),
    ).get
    assert nearest == 1


def test_sqlite_vec_itself_refuses_insert_or_replace(connection: Connection) -> None:
    """The reason for `replace_vector`."""
    insert_vector(connection, 1, past_tasks.embedding(1))
    with pytest.raises(SqliteError, match="UNIQUE"):
        connection.execute(
            "insert or replace into memory_vectors (id, embedding) values (1, ?)",
            (past_tasks.embedding(2),),
        )


def test_an_empty_index_finds_nothing(connection: Connection) -> None:
    assert VectorIndex().nearest(connection, past_tasks.embedding(1), 16, NOW_S) == []


def test_the_same_task_is_found_first_with_how_it_went(connection: Connection) -> None:
    vectors = [past_tasks.embedding(seed) for seed in range(5)]
    remember(connection, vectors)
    found = VectorIndex().nearest(connection, vectors[3], 2, NOW_S)
    assert len(found) == 2
    first = found[0].neighbour
    assert (first.model, first.success) == ("m3", 1.0)
    assert first.similarity == pytest.approx(1.0, abs=1e-6)
    assert first.age_s > 1e9
    assert found[1].neighbour.similarity < first.similarity


def test_recall_among_2000_vectors_is_at_least_95_percent(connection: Connection) -> None:
    drawn = past_tasks.unit_vectors(2060)
    vectors, queries = drawn[:2000], drawn[2000:]
    remember(connection, [vector.tobytes() for vector in vectors])
    index = VectorIndex()
    hits = 0
    for query in queries:
        exact = {f"m{row}" for row in np.argsort(-(vectors @ query))[:16]}
        found = index.nearest(connection, query.tobytes(), 16, NOW_S)
        similarities = [one.neighbour.similarity for one in found]
        assert similarities == sorted(similarities, reverse=True)
        hits += len(exact & {one.neighbour.model for one in found})
    assert hits / (16 * len(queries)) >= 0.95


def test_an_index_that_was_loaded_equals_one_that_was_told(connection: Connection) -> None:
    vectors = [vector.tobytes() for vector in past_tasks.unit_vectors(300)]
    told = VectorIndex()
    told.load(connection)
    remember(connection, vectors)
    for memory, vector in enumerate(vectors, start=1):
        told.put(memory, vector)
    loaded = VectorIndex()
    for vector in vectors[::50]:
        assert [one.memory for one in told.nearest(connection, vector, 5, NOW_S)] == [
            one.memory for one in loaded.nearest(connection, vector, 5, NOW_S)
        ]


def test_a_replaced_vector_is_found_where_it_is_now(connection: Connection) -> None:
    before, after = past_tasks.embedding(1), past_tasks.embedding(2)
    remember(connection, [before])
    index = VectorIndex()
    index.load(connection)
    replace_vector(connection, 1, after)
    index.put(1, after)
    for one in (index, VectorIndex()):
        (found,) = one.nearest(connection, after, 16, NOW_S)
        assert found.neighbour.similarity == pytest.approx(1.0, abs=1e-6)


def test_memories_of_another_embedding_model_are_not_compared(connection: Connection) -> None:
    vectors = [past_tasks.embedding(seed) for seed in range(6)]
    remember(connection, vectors[:3], embedder="old")
    remember(connection, vectors[3:], embedder="new")
    found = VectorIndex("new").nearest(connection, vectors[0], 16, NOW_S)
    assert {one.neighbour.model for one in found} == {"m3", "m4", "m5"}
    assert VectorIndex("unknown").nearest(connection, vectors[0], 16, NOW_S) == []
