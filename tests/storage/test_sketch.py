from pathlib import Path

import numpy as np

from routerd.storage.database import open_connection
from routerd.storage.sketch import Sketch, bits_from_bytes, sign_bits
from tests.fakes import past_tasks


def sketch_of(count: int) -> tuple[Sketch, np.ndarray]:
    vectors = past_tasks.unit_vectors(count)
    sketch = Sketch()
    sketch.put(range(1, count + 1), sign_bits(vectors))
    return sketch, vectors


def test_sign_bits_are_those_of_sqlite_vec(tmp_path: Path) -> None:
    (tmp_path / "some.db").touch()
    connection = open_connection(tmp_path / "some.db", writable=False)
    for vector in past_tasks.unit_vectors(20):
        theirs = connection.execute("select vec_quantize_binary(?)", (vector.tobytes(),)).get
        assert (bits_from_bytes(theirs) == sign_bits(vector[None])).all()
    connection.close()


def test_a_sketch_finds_each_vector_by_itself() -> None:
    sketch, vectors = sketch_of(3000)
    assert len(sketch) == 3000
    for memory in (1, 1024, 1025, 3000):
        assert memory in sketch.likely(vectors[memory - 1], 1)


def test_the_truly_nearest_are_among_the_likely() -> None:
    sketch, vectors = sketch_of(3000)
    hits = 0
    for query in vectors[::100]:
        truth = set((np.argsort(-(vectors @ query))[:16] + 1).tolist())
        hits += len(truth & set(sketch.likely(query, 96)))
    assert hits >= 0.97 * 16 * 30


def test_a_sketch_keeps_what_it_knew_when_it_grows() -> None:
    vectors = past_tasks.unit_vectors(3000)
    sketch = Sketch()
    for memory, vector in enumerate(vectors, start=1):
        sketch.put([memory], sign_bits(vector[None]))
    whole, _ = sketch_of(3000)
    assert set(sketch.likely(vectors[7], 96)) == set(whole.likely(vectors[7], 96))


def test_a_small_sketch_returns_all_it_has() -> None:
    sketch, vectors = sketch_of(40)
    assert sorted(sketch.likely(vectors[0], 96)) == list(range(1, 41))
    assert len(sketch.likely(vectors[0], 16)) == 16


def test_an_empty_sketch_returns_nothing() -> None:
    sketch = Sketch()
    sketch.put([], sign_bits(past_tasks.unit_vectors(0)))
    assert sketch.likely(past_tasks.unit_vectors(1)[0], 96) == []


def test_a_column_that_holds_no_memory_is_never_returned() -> None:
    vector = past_tasks.unit_vectors(1)[0]
    sketch = Sketch()
    sketch.put([2000], sign_bits(vector[None]))
    assert sketch.likely(vector, 96) == [2000]
    assert sketch.likely(-vector, 96) == [2000]
    assert len(sketch) == 1
