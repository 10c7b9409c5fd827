"""What happens to machines: full disks, stopped processes, too many files, fifty starts at once."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from routerd.storage import migrations
from routerd.storage.database import open_connection
from routerd.storage.rows import Answered, record
from tests.fakes import past_tasks
from tests.fakes.daemon import QUIET, Daemon, environment, routerd
from tests.fakes.openai_server import FakeOpenAI

ROOT = Path(__file__).parents[2]
DEADLINE_S = 40.0
MAY_MOUNT = (
    sys.platform == "linux"
    and shutil.which("unshare") is not None
    and subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],  # noqa: S607
        capture_output=True,
        check=False,
    ).returncode
    == 0
)
needs_mounts = pytest.mark.skipif(not MAY_MOUNT, reason="this system lets nobody mount")
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such signal or limit")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def ask(daemon: Daemon, model: str = "auto", *, timeout_s: float = 60.0) -> Any:
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    with daemon.http() as http:
        return http.post("/v1/chat/completions", json=body, timeout=timeout_s)


def until(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)  # the daemon is another process; there is no event to wait for


def with_engine(url: str) -> str:
    return QUIET + (
        f'[[provider]]\nname = "here"\nkind = "openai_compatible"\nbase_url = "{url}/v1"\n'
    )


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as running:
        yield running


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, server: FakeOpenAI) -> Iterator[Daemon]:
    """One daemon for what it survives; started with as few files as some systems allow."""
    limited = [] if sys.platform == "win32" else ["sh", "-c", 'ulimit -S -n 200; exec "$@"', "sh"]
    home = tmp_path_factory.mktemp("house")
    models = home / "models"
    models.mkdir(mode=0o700)
    (models / "noise.gguf").write_bytes(os.urandom(5000))
    (models / "empty.gguf").touch()
    (models / "short.gguf").write_bytes(b"GGUF\x03\x00\x00\x00" + b"\xff" * 40)
    (models / "folder.gguf").mkdir()
    with Daemon(home, with_engine(server.url), prefix=limited) as running:
        yield running


def made_home(tmp_path: Path, name: str = "home") -> Path:
    home = tmp_path / name
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(QUIET, encoding="utf-8")
    return home


@needs_mounts
def test_on_a_full_disk_answers_go_on_and_all_of_it_is_written_later(tmp_path: Path) -> None:
    command = ["unshare", "-rm", sys.executable, "-W", "ignore", "-m", "tests.fakes.small_disk"]
    ran = subprocess.run(
        [*command, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["before"] == told["after"] == [200, 200]
    assert told["full, here"] == [200, 200, 200]
    # What can't be accounted for does not leave, and what can't be kept is not acknowledged.
    assert told["full, far"] == told["full, feedback"] == 503
    warned = " ".join(told["full, warnings"])
    assert "history is not being written" in warned
    assert "the audit log can't be written" in warned
    assert told["recovered"]
    assert told["kept from then"] == ["stop"] * 3
    code, words = told["start on a full disk"]
    assert code == 1
    assert "is full" in words[-1]
    assert [told["start after that"], told["down"], told["audit"]] == [0, 0, 0]


def parallel_starts(home: Path, count: int) -> None:
    with ThreadPoolExecutor(count) as pool:
        starts = [pool.submit(routerd, home, "up", "--json", timeout_s=280) for _ in range(count)]
        ran = [start.result() for start in starts]
    try:
        assert [one.stderr for one in ran if one.returncode != 0] == []
        pids = {json.loads(one.stdout)["pid"] for one in ran}
        assert len(pids) == 1, "everybody was shown the same daemon"
        until(lambda: daemons_of(home) == pids)
        assert [p.name for p in (home / "logs").glob("start*")] == ["start.log"]
    finally:
        assert routerd(home, "down").returncode == 0
    until(lambda: daemons_of(home) == set())


def daemons_of(home: Path) -> set[int]:
    """Return the processes that work in this home: `up` starts its daemons there."""
    found = set()
    for process in psutil.process_iter(["pid", "cmdline"]):
        command = process.info["cmdline"] or []
        if "serve" in command and "routerd" in command and _works_in(process, home):
            found.add(process.info["pid"])
    return found


def _works_in(process: psutil.Process, home: Path) -> bool:
    try:
        return Path(process.cwd()) == home
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


@linux
def test_of_four_parallel_starts_one_lives_and_all_callers_succeed(tmp_path: Path) -> None:
    parallel_starts(made_home(tmp_path), 4)


@linux
@pytest.mark.slow
def test_of_fifty_parallel_starts_one_lives_and_all_callers_succeed(tmp_path: Path) -> None:
    parallel_starts(made_home(tmp_path), 50)


def test_two_homes_are_two_daemons_that_know_nothing_of_each_other(
    house: Daemon, tmp_path: Path
) -> None:
    before = house.client.get("/control/status")["requests"]
    with Daemon(tmp_path / "two") as two:
        assert ask(house).status_code == ask(two).status_code == 200
        with house.http() as http:
            theirs = {"authorization": f"Bearer {two.token}"}
            assert http.get("/control/status", headers=theirs).status_code == 401
        assert two.client.get("/control/status")["requests"] == 1
    assert house.client.get("/control/status")["requests"] == before + 1


@contextmanager
def connections(daemon: Daemon, count: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            sock = socket.create_connection(("127.0.0.1", daemon.port), timeout=10)
            stack.enter_context(sock)
            sock.sendall(b"GET /health HTTP/1.1\r\n")
        yield


@posix
def test_a_daemon_out_of_file_descriptors_lives_and_answers_again(
    tmp_path: Path, server: FakeOpenAI
) -> None:
    limited = ["sh", "-c", 'ulimit -n 80; exec "$@"', "sh"]
    with Daemon(tmp_path / "home", with_engine(server.url), prefix=limited) as daemon:
        assert ask(daemon, "here/good").status_code == 200
        assert daemon.process is not None
        pid = daemon.process.pid
        with connections(daemon, 120):
            until(lambda: descriptors(pid) >= 78)
        until(lambda: answers(daemon))
        assert daemon.process.poll() is None
        assert "Traceback" not in daemon.output()


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd")) if sys.platform == "linux" else 78


def answers(daemon: Daemon) -> bool:
    try:
        return bool(ask(daemon, "here/good", timeout_s=10).status_code == 200)
    except OSError:
        return False
    except Exception as error:
        if "httpx" in type(error).__module__ or "httpcore" in type(error).__module__:
            return False
        raise


@linux
def test_as_many_files_may_be_open_as_requests_need(house: Daemon) -> None:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert house.process is not None
    text = Path(f"/proc/{house.process.pid}/limits").read_text("ascii")
    (line,) = [line for line in text.splitlines() if "open files" in line]
    assert int(line.split()[3]) == min(4096, hard)


def stopped_for(house: Daemon, server: FakeOpenAI, seconds: float) -> None:
    assert ask(house, "here/good").status_code == 200
    assert house.process is not None
    with ThreadPoolExecutor(4) as pool:
        house.process.send_signal(signal.SIGSTOP)
        waiting = [pool.submit(ask, house, "here/good", timeout_s=seconds + 60) for _ in range(4)]
        time.sleep(seconds)  # being stopped for a while is the fault
        before = len(server.calls_to("/v1/models"))
        house.process.send_signal(signal.SIGCONT)
        assert [one.result().text for one in waiting if one.result().status_code != 200] == []
    assert ask(house, "here/good").status_code == 200
    # One look at the engine that was due meanwhile, and no burst of those left out.
    assert len(server.calls_to("/v1/models")) - before <= 2
    status = house.client.get("/control/status")
    assert status["warnings"] == []
    assert [e["up"] for e in status["engines"] if e["name"] == "here"] == [True]


@posix
def test_a_daemon_that_was_stopped_for_a_moment_goes_on(house: Daemon, server: FakeOpenAI) -> None:
    stopped_for(house, server, 1.0)


@posix
@pytest.mark.slow
def test_a_daemon_that_was_stopped_for_minutes_goes_on(house: Daemon, server: FakeOpenAI) -> None:
    stopped_for(house, server, 150.0)


@posix
def test_a_worker_that_the_kernel_killed_for_want_of_memory_is_replaced(house: Daemon) -> None:
    assert ask(house, "llamacpp/plumbing-check").status_code == 200
    assert house.process is not None
    (worker,) = psutil.Process(house.process.pid).children()
    worker.kill()
    worker.wait(10)
    # Whoever comes before the daemon has noticed is told; everybody after that is answered.
    until(lambda: ask(house, "llamacpp/plumbing-check").status_code == 200)
    assert [w.pid for w in psutil.Process(house.process.pid).children()] != [worker.pid]


def test_a_home_behind_a_symbolic_link_is_refused_with_what_to_do(tmp_path: Path) -> None:
    real = made_home(tmp_path, "real")
    (tmp_path / "home").symlink_to(real)
    ran = routerd(tmp_path / "home", "up")
    assert ran.returncode == 1
    assert "is a symbolic link; set ROUTERD_HOME to the directory it stands for" in ran.stderr
    assert list(real.iterdir()) == [real / "config.toml"]


@needs_mounts
@pytest.mark.parametrize("used", [False, True], ids=["new", "used"])
def test_a_home_that_can_only_be_read_is_named_with_the_reason(tmp_path: Path, used: bool) -> None:
    home = made_home(tmp_path)
    if used:
        for name in ("run", "logs", "models"):
            (home / name).mkdir(mode=0o700)
        (home / "daemon.lock").touch(0o600)
    script = (
        f"mount --bind {home} {home} && mount -o remount,ro,bind {home} && "
        f"exec {sys.executable} -m routerd up"
    )
    ran = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],  # noqa: S607
        env=environment(home),
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert ran.returncode == 1
    assert "Read-only file system" in ran.stderr
    assert "ROUTERD_HOME" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_history_of_an_older_routerd_is_taken_over(tmp_path: Path) -> None:
    home = made_home(tmp_path)
    path = home / "state.db"
    path.touch(0o600)
    connection = open_connection(path, writable=True)
    for step in migrations.MIGRATIONS:
        step(connection)
    for number in range(3):
        made = past_tasks.decision(f"old-{number}", past_tasks.embedding(number))
        told = Answered(made, past_tasks.outcome(f"old-{number}"), past_tasks.FACTS, 1.7e9 + number)
        record(connection, told, embedder="", max_memories=10)
    # What is written today is written into today's tables; what came later is taken off again.
    for later in ("daily", "rule_hits", "spending", "matrix", "evidence"):
        connection.execute(f"drop table {later}")
    connection.execute("alter table decisions drop column reason")
    connection.execute("alter table outcomes drop column zone")
    connection.pragma("application_id", migrations.APPLICATION_ID)
    connection.pragma("user_version", 3)
    connection.close()
    with Daemon(home) as daemon:
        status = daemon.client.get("/control/status")
        assert status["warnings"] == []
        assert status["requests"] == status["memories"] == 3
        found = daemon.client.get("/control/decisions/old-1")
        assert found["outcome"]["finish"] == past_tasks.outcome("old-1").finish
        ask(daemon)
        assert daemon.client.get("/control/decisions/last")["id"] != "old-2"
    assert not list(home.glob("state.db.corrupt-*"))


@pytest.mark.parametrize(
    "fault",
    [
        "corrupt",
        # tests/storage/test_opening.py goes through these without a daemon.
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("newer", "cut", "no database")),
    ],
)
def test_history_that_can_not_be_used_is_kept_aside_and_said(tmp_path: Path, fault: str) -> None:
    home = tmp_path / "home"
    with Daemon(home) as daemon:
        ask(daemon)
        daemon.client.get("/control/decisions/last")
    path = home / "state.db"
    spoil(path, fault)
    with Daemon(home) as daemon:
        (warning,) = daemon.client.get("/control/status")["warnings"]
        assert "kept as state.db.corrupt-" in warning
        assert ask(daemon).status_code == 200
        assert daemon.client.get("/control/decisions/last")
        assert daemon.client.get("/control/status")["requests"] == 1
    assert len(list(home.glob("state.db.corrupt-*"))) == 1


def spoil(path: Path, fault: str) -> None:
    if fault == "newer":
        connection = open_connection(path, writable=True)
        connection.pragma("user_version", 99)
        connection.close()
        return
    data = bytearray(path.read_bytes())
    if fault == "corrupt":
        for page in range(4096, len(data), 4096):
            data[page : page + 64] = b"\xa5" * 64
    path.write_bytes({"cut": data[:5000], "no database": b"hello" * 2000}.get(fault, data))


def test_model_files_that_are_none_are_named_and_disturb_nobody(house: Daemon) -> None:
    assert ask(house, "llamacpp/plumbing-check").status_code == 200
    told = {m["name"]: m["reason"] for m in house.client.get("/control/status")["models"]}
    for name in ("noise", "empty", "short"):
        assert told[f"llamacpp/{name}"], name


def test_up_follows_a_daemon_that_is_just_stopping(tmp_path: Path, server: FakeOpenAI) -> None:
    home = tmp_path / "home"
    slow = with_engine(server.url).replace("[llamacpp]", "[timeouts]\ndrain_s = 2\n[llamacpp]")
    with Daemon(home, slow) as first, ThreadPoolExecutor(1) as pool:
        assert first.process is not None
        body = {
            "model": "here/hang-mid-stream",
            "stream": True,
            "messages": [{"role": "user", "content": "x"}],
        }
        with (
            first.http() as http,
            http.stream("POST", "/v1/chat/completions", json=body) as got,
        ):
            next(got.iter_raw())
            first.process.send_signal(signal.SIGTERM)
            until(lambda: stopping(first))
            second = pool.submit(routerd, home, "up", "--json", timeout_s=120)
            first.process.wait(30)
        ran = second.result()
    try:
        assert ran.returncode == 0, ran.stderr
        assert json.loads(ran.stdout)["pid"] != first.process.pid
    finally:
        assert routerd(home, "down").returncode == 0


def stopping(daemon: Daemon) -> bool:
    return "draining" in daemon.log() or "draining" in daemon.output()
