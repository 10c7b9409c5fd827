"""What a worker is given and what it leaves open."""

import signal
import sys
from pathlib import Path

import psutil
import pytest

from routerd.engines.worker_process import worker_environment
from tests.fakes import tiny_gguf
from tests.fakes.engine import Answers, workers


def test_only_harmless_variables_are_passed_on() -> None:
    given = {"PATH": "/bin", "OPENAI_API_KEY": "k", "ROUTERD_HOME": "h", "https_proxy": "p"}
    passed = worker_environment(given)
    assert passed["PATH"] == "/bin"
    assert set(passed) <= {"PATH", "GGML_NO_BACKTRACE", "PYTHONPATH"}


def socket_files(worker: psutil.Process) -> list[str]:
    """Return the names under which the worker's Unix sockets can be reached."""
    sockets = worker.net_connections(kind="unix")
    return [str(at.laddr) for at in sockets if at.laddr and Path(str(at.laddr)).exists()]


@pytest.mark.anyio
async def test_a_worker_gets_no_secrets_writes_no_core_and_listens_nowhere(
    answers: Answers, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "HTTPS_PROXY", "ROUTERD_HOME"):
        monkeypatch.setenv(name, "CANARY")
    await answers.ask(model)
    (worker,) = workers()
    assert "CANARY" not in str(worker.environ())
    listening = [
        at for at in worker.net_connections(kind="inet") if at.status == psutil.CONN_LISTEN
    ]
    assert listening == []
    # xllamacpp's own listener is a Unix socket that has no name any more.
    assert socket_files(worker) == []
    if sys.platform == "linux":
        assert worker.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    (log,) = (tmp_path / "log").iterdir()
    assert log.stat().st_mode & 0o777 == 0o600
    worker.send_signal(signal.SIGINT)
    assert (await answers.ask(model)).text == tiny_gguf.REPLY
