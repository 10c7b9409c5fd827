"""The worker's protocol, spoken by hand."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from routerd.engines.worker_process import worker_command, worker_environment

HELLO = [{"role": "user", "content": "hi"}]


class Spoken:
    """A worker and the two ends of its wire."""

    def __init__(self, binding: str, home: Path) -> None:
        self.log = home / "stderr.txt"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                worker_command(binding),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=home,
                env=worker_environment({}),
            )

    def say(self, **message: Any) -> None:
        self.raw(json.dumps(message).encode())

    def raw(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        event: dict[str, Any] = json.loads(self.process.stdout.readline())
        return event

    def hear_until(self, key: str) -> dict[str, Any]:
        while key not in (event := self.hear()):
            pass
        return event

    def load(self, model: str, context_tokens: int = 2048) -> dict[str, Any]:
        self.say(op="load", path=model, context_tokens=context_tokens, gpu_layers=0, threads=1)
        return self.hear()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def worker(binding: str, tmp_path: Path) -> Iterator[Spoken]:
    spoken = Spoken(binding, tmp_path)
    yield spoken
    spoken.end()


def test_hello_load_chat_unload_and_quit(worker: Spoken, binding: str, model: str) -> None:
    worker.say(op="hello")
    hello = worker.hear()["hello"]
    assert (hello["binding"], hello["pid"]) == (binding, worker.process.pid)
    assert worker.load(model) == {"loaded": {"context_tokens": 2048}}
    worker.say(op="chat", id="1", body={"messages": HELLO})
    assert worker.hear_until("done") == {"id": "1", "done": True}
    worker.say(op="unload")
    assert worker.hear() == {"unloaded": True}
    worker.say(op="chat", id="2", body={"messages": HELLO})
    assert worker.hear()["error"]["message"] == "no model is loaded"
    worker.say(op="quit")
    assert worker.process.wait(5) == 0


def test_what_native_code_prints_never_reaches_the_wire(worker: Spoken, model: str) -> None:
    worker.load(model)
    worker.say(op="chat", id="1", body={"messages": HELLO})
    worker.say(op="quit")
    assert worker.process.stdout is not None
    for line in worker.process.stdout:
        assert json.loads(line)


def test_the_worker_ends_with_its_stdin_even_while_it_generates(
    worker: Spoken, endless: str
) -> None:
    worker.load(endless, 32768)
    worker.say(op="chat", id="1", body={"messages": HELLO})
    worker.hear_until("chunk")
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    # Unhindered it would go on for about three seconds.
    assert worker.process.wait(2) == 0


def test_a_cancel_stops_the_answer_and_no_other(worker: Spoken, endless: str) -> None:
    worker.load(endless, 32768)
    worker.say(op="cancel", id="unknown")
    worker.say(op="chat", id="1", body={"messages": HELLO})
    worker.say(op="chat", id="2", body={"messages": HELLO, "max_tokens": 2})
    worker.say(op="chat", id="3", body={"messages": HELLO})
    worker.say(op="cancel", id="3")
    worker.hear_until("chunk")
    worker.say(op="cancel", id="1")
    assert worker.hear_until("done")["id"] == "1"
    chunk = worker.hear_until("chunk")
    assert chunk["id"] == "2"
    assert worker.hear_until("done")["id"] == "2"
    assert worker.hear() == {"id": "3", "done": True}


def test_a_cancel_stops_the_reading_of_a_long_prompt(worker: Spoken, endless: str) -> None:
    worker.load(endless, 32768)
    long = [{"role": "user", "content": "word " * 6000}]
    worker.say(op="chat", id="1", body={"messages": long})
    first = worker.hear_until("progress")["progress"]
    worker.say(op="cancel", id="1")
    last = first
    while "done" not in (event := worker.hear()):
        last = event["progress"]
    assert last["processed"] < last["total"]


def test_a_line_without_sense_is_answered_and_survived(worker: Spoken, model: str) -> None:
    for line in (b"{", b"[]", b'"x"', b"{}", b'{"op": "dance"}'):
        worker.raw(line)
        assert worker.hear()["error"]["kind"] == "protocol"
    assert "loaded" in worker.load(model)


def test_a_prompt_that_is_too_long_is_told_in_numbers(worker: Spoken, model: str) -> None:
    worker.load(model, 256)
    worker.say(op="chat", id="1", body={"messages": [{"role": "user", "content": "x" * 400}]})
    error = worker.hear()["error"]
    assert error["kind"] == "rejected"
    assert error["context_tokens"] == 256
    assert error["prompt_tokens"] > 400


def test_a_binding_that_cannot_be_imported_is_told(tmp_path: Path) -> None:
    worker = Spoken("fortran", tmp_path)
    assert "fortran" in worker.hear()["error"]["message"]
    assert worker.process.wait(5) == 1
    worker.end()


def test_the_worker_imports_no_other_room() -> None:
    script = (
        "import sys, routerd.engines.worker\n"
        "print(*(name for name in sys.modules if name.startswith('routerd.')))"
    )
    command = [sys.executable, "-P", "-c", script]
    ran = subprocess.run(
        command,
        env=worker_environment({}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert {name.split(".")[1] for name in ran.stdout.split()} == {"engines"}
