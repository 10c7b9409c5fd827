"""Loading models into real workers, and what may go wrong there."""

import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from routerd.core.errors import ProviderFailed
from routerd.engines.pool import EnginePool
from tests.fakes import tiny_gguf
from tests.fakes.engine import HELLO, SETTINGS, Answers, drained

pytestmark = pytest.mark.anyio


async def test_other_settings_load_the_model_anew(answers: Answers, model: str) -> None:
    await answers.ask(model)
    answers.settings["context_tokens"] = 512
    await answers.ask(model)
    assert answers.pool.loaded() == {model: 512}


async def test_the_context_is_never_more_than_the_model_was_trained_for(
    answers: Answers, tmp_path: Path
) -> None:
    model = str(tiny_gguf.make(tmp_path / "short.gguf", context_tokens=512))
    await answers.ask(model)
    assert answers.pool.loaded() == {model: 512}


def _cut_short(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def _renamed_tensor(raw: bytes) -> bytes:
    return raw.replace(b"attn_q", b"attn_z")


def _other_family(raw: bytes) -> bytes:
    return raw.replace(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0zorka", 1)


def damaged(model: str, path: Path, damage: Callable[[bytes], bytes]) -> Path:
    path.write_bytes(damage(Path(model).read_bytes()))
    return path


def _twice_the_same_token(raw: bytes) -> bytes:
    return raw.replace("▁from".encode(), "▁tiny".encode())


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_cut_short, "cut short"),
        (_renamed_tensor, "tensor 'blk.0.attn_q.weight'"),
        (_other_family, "unknown model architecture: 'zorka'"),
        # Here llama.cpp aborts the whole process, which therefore must not be the daemon's.
        (_twice_the_same_token, r"broken died: SIGABRT \(GGML_ASSERT"),
    ],
)
async def test_a_broken_file_is_told_in_words_and_leaves_no_worker(
    answers: Answers, model: str, tmp_path: Path, damage: Callable[[bytes], bytes], told: str
) -> None:
    broken = damaged(model, tmp_path / "broken.gguf", damage)
    with pytest.raises(ProviderFailed, match=told) as caught:
        await answers.ask(str(broken))
    assert caught.value.kind == "died"
    assert "broken" in caught.value.message
    assert answers.pool.loaded() == {}
    assert (await answers.ask(model)).text == tiny_gguf.REPLY


# A worker that loads and then says nothing more, and one that never even loads.
MUTE = """import sys
sys.stdin.readline()
print('{"loaded": {"context_tokens": 256}}', flush=True)
sys.stdin.read()
"""
DEAF = "import sys; sys.stdin.read()"
NONSENSE = "import sys; sys.stdin.readline(); print('[]', flush=True); sys.stdin.read()"


@pytest.mark.parametrize(
    ("script", "load_timeout_s", "kind", "told"),
    [
        pytest.param(MUTE, 10.0, "timeout", "silent for 0.1 s", id="mute"),
        pytest.param(DEAF, 0.3, "timeout", "not loaded within 0.3 s", id="deaf"),
        pytest.param(NONSENSE, 10.0, "died", "died", id="nonsense"),
    ],
)
async def test_a_worker_that_hangs_or_talks_nonsense_does_not_hang_the_daemon(
    binding: str, tmp_path: Path, script: str, load_timeout_s: float, kind: str, told: str
) -> None:
    async with EnginePool(
        tmp_path,
        binding=binding,
        command=lambda _: [sys.executable, "-c", script],
        load_timeout_s=load_timeout_s,
        stall_s=0.1,
    ) as pool:
        with anyio.fail_after(10), pytest.raises(ProviderFailed, match=told) as caught:
            await drained(pool.chat("x.gguf", SETTINGS, {"messages": HELLO}))
        assert caught.value.kind == kind
