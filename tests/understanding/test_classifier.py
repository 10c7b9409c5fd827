import json
import logging
from pathlib import Path

import anyio
import numpy as np
import pytest

from routerd.core.features import TASKS, Reading
from routerd.core.ports import Understanding
from routerd.core.request import Message, Request, Text
from routerd.understanding.classifier import OnnxUnderstanding
from tests.understanding.tiny_model import REAL_MODEL, copy_model, sign

pytestmark = pytest.mark.anyio

# Past any pass on a busy machine; the tests that want a late reading set a budget of their own.
PATIENT_MS = 60_000


@pytest.fixture(scope="module")
def understanding():  # type: ignore[no-untyped-def]
    loaded = OnnxUnderstanding(REAL_MODEL, budget_ms=PATIENT_MS)
    loaded.load()
    yield loaded
    loaded.close()


def ask(text: str) -> Request:
    return Request(messages=(Message("user", (Text(text),)),))


def test_the_shipped_model_is_ready(understanding: OnnxUnderstanding) -> None:
    assert understanding.state.startswith("ready (")


def test_it_is_an_understanding_of_the_ports(understanding: OnnxUnderstanding) -> None:
    port: Understanding = understanding
    assert port is understanding


async def test_a_reading_is_whole_and_in_range(understanding: OnnxUnderstanding) -> None:
    reading = await understanding.read(ask("write pytest tests for the date parser in dates.py"))
    vector = np.frombuffer(reading.embedding, dtype="<f4")
    assert reading.task in TASKS
    assert 0.1 <= reading.task_confidence <= 1.0
    assert 0.0 <= reading.complexity <= 1.0
    assert vector.shape == (384,)
    assert float(np.linalg.norm(vector)) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("write unit tests for the Cart class", "testing"),
        ("commit this and push it to origin", "operations"),
        ("TypeError: cannot read properties of undefined, why does this crash?", "debugging"),
        ("add docstrings to all public functions of this module", "documentation"),
        ("write a poem about the sea", "other"),
    ],
)
async def test_clear_requests_are_told_apart(
    understanding: OnnxUnderstanding, text: str, task: str
) -> None:
    assert (await understanding.read(ask(text))).task == task


async def test_now_and_later_give_the_same(understanding: OnnxUnderstanding) -> None:
    request = ask("explain how the scheduler picks a worker")
    assert understanding.read_now(request) == await understanding.read(request)


async def test_similar_requests_are_closer_than_others(understanding: OnnxUnderstanding) -> None:
    texts = ("fix the failing login test", "repair the broken login test", "bake a chocolate cake")
    vectors = [
        np.frombuffer((await understanding.read(ask(text))).embedding, dtype="<f4")
        for text in texts
    ]
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


@pytest.mark.parametrize("text", ["yes", "", "2", "continue please"])
async def test_a_turn_without_content_is_other_without_a_pass(
    understanding: OnnxUnderstanding, text: str
) -> None:
    reading = await understanding.read(ask(text))
    assert (reading.task, reading.embedding) == ("other", b"")
    assert reading.task_confidence > 0.9


async def test_a_request_without_messages_is_other(understanding: OnnxUnderstanding) -> None:
    assert (await understanding.read(Request(()))).task == "other"


async def test_fill_in_the_middle_is_completion_even_without_a_model(tmp_path: Path) -> None:
    off = OnnxUnderstanding(tmp_path)
    off.load()
    reading = await off.read(ask("<fim_prefix>def f(<fim_suffix>):<fim_middle>"))
    assert (reading.task, reading.task_confidence) == ("completion", 1.0)
    off.close()


async def test_a_late_reading_is_empty_counted_and_there_for_the_retry() -> None:
    hasty = OnnxUnderstanding(REAL_MODEL, budget_ms=0)
    hasty.load()
    request = ask("explain the difference between a mutex and a semaphore")
    assert await hasty.read(request) == Reading()
    assert hasty.late == 1
    whole = hasty.read_now(request)
    assert await hasty.read(request) == whole
    assert hasty.late == 1
    hasty.close()


async def test_a_repeated_text_costs_no_second_pass() -> None:
    understanding = OnnxUnderstanding(REAL_MODEL, budget_ms=PATIENT_MS)
    understanding.load()
    first = await understanding.read(ask("rename foo to bar everywhere"))
    assert await understanding.read(ask("rename  foo to bar\neverywhere")) is first
    understanding.close()


async def test_many_at_once_all_get_their_own_reading(understanding: OnnxUnderstanding) -> None:
    texts = [f"write a function number {number} that adds" for number in range(12)]
    readings: dict[str, Reading] = {}

    async def read(text: str) -> None:
        readings[text] = await understanding.read(ask(text))

    async with anyio.create_task_group() as group:
        for text in texts:
            group.start_soon(read, text)
    assert readings == {text: understanding.read_now(ask(text)) for text in texts}
    assert len({reading.embedding for reading in readings.values()}) == 12


async def test_without_a_model_it_serves_empty_readings_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    off = OnnxUnderstanding(tmp_path)
    with caplog.at_level(logging.WARNING):
        off.load()
    assert off.state.startswith("missing: ")
    assert len(caplog.records) == 1
    assert await off.read(ask("write a parser")) == Reading()
    off.close()


async def test_before_loading_and_after_closing_readings_are_empty() -> None:
    understanding = OnnxUnderstanding(REAL_MODEL)
    assert understanding.state == "not loaded"
    assert await understanding.read(ask("write a parser")) == Reading()
    understanding.load()
    understanding.close()
    assert understanding.state == "closed"
    assert await understanding.read(ask("write a parser")) == Reading()


def test_a_damaged_model_is_corrupt_and_does_not_raise(tmp_path: Path) -> None:
    folder = copy_model(tmp_path)
    raw = bytearray((folder / "model.onnx").read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / "model.onnx").write_bytes(raw)
    broken = OnnxUnderstanding(folder)
    broken.load()
    assert broken.state.startswith("corrupt: ")
    assert broken.read_now(ask("write a parser")) == Reading()
    broken.close()


def test_a_signed_file_that_is_no_model_is_corrupt(tmp_path: Path) -> None:
    folder = copy_model(tmp_path)
    (folder / "model.onnx").write_bytes(b"not a model")
    sign(folder, "model.onnx")
    broken = OnnxUnderstanding(folder)
    broken.load()
    assert "onnxruntime refuses" in broken.state
    broken.close()


def test_labels_that_do_not_fit_the_outputs_are_corrupt(tmp_path: Path) -> None:
    names = json.loads((REAL_MODEL / "labels.json").read_text(encoding="utf-8"))["languages"]
    broken = OnnxUnderstanding(copy_model(tmp_path, languages=names[:-1]))
    broken.load()
    assert "don't fit its labels" in broken.state
    broken.close()


def test_no_prompt_text_reaches_the_log(
    understanding: OnnxUnderstanding, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        understanding.read_now(ask("the planted word is hippopotamus, explain it"))
    assert "hippopotamus" not in caplog.text
