"""Downloads over a real socket: resumed, checked, and never mistaken for a model."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from routerd.cli.pull import address, fetch, offline
from routerd.core.errors import ProviderFailed, RouterdError
from routerd.network.offline import LoopbackOnly
from routerd.network.outbound import HttpOutbound
from routerd.settings import mode_file
from routerd.settings.places import Places
from tests.fakes.http_server import Call, FakeServer, Wire

pytestmark = pytest.mark.anyio
MODEL = b"GGUF" + bytes(range(256)) * 40
DIGEST = hashlib.sha256(MODEL).hexdigest()


class Hub(FakeServer):
    """Serves one file, with ranges, behind a redirect; `cut` ends the first answer early."""

    def __init__(self, cut: int = 0) -> None:
        super().__init__()
        self.cut = cut

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        if call.path.startswith("/far/"):
            await wire.whole(302, "text/plain", b"", location="/near/m.gguf")
            return
        if call.path == "/page.gguf":
            await wire.whole(200, "text/html", b"<html>log in first</html>")
            return
        if call.path == "/gone.gguf":
            await wire.whole(404, "text/plain", b"no")
            return
        start = int(call.headers.get("range", "bytes=0-")[6:-1])
        rest = MODEL[start:]
        cut, self.cut = self.cut, 0
        status = 206 if start else 200
        await wire.head(status, "application/octet-stream", content_length=str(len(rest)))
        await wire.send(rest[:cut] if cut else rest)
        if cut:
            wire.finish()


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as server:
        yield server


@pytest.fixture
async def outbound() -> AsyncIterator[HttpOutbound]:
    opened = HttpOutbound()
    yield opened
    await opened.aclose()


async def test_a_model_comes_whole_through_a_redirect(
    hub: Hub, outbound: HttpOutbound, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    target = tmp_path / "m.gguf"
    await fetch(outbound, f"{hub.url}/far/m.gguf", target, DIGEST, lambda *at: told.append(at))
    assert target.read_bytes() == MODEL
    assert told[-1] == (len(MODEL), len(MODEL))
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf"]  # noqa: ASYNC240


async def test_a_download_that_broke_off_goes_on_where_it_stopped(
    outbound: HttpOutbound, tmp_path: Path
) -> None:
    target = tmp_path / "m.gguf"
    with Hub(cut=5000) as hub:
        with pytest.raises(ProviderFailed):
            await fetch(outbound, f"{hub.url}/m.gguf", target, DIGEST, lambda *_: None)
        assert not target.exists()
        await fetch(outbound, f"{hub.url}/m.gguf", target, DIGEST, lambda *_: None)
        assert hub.calls[-1].headers["range"] == "bytes=5000-"
    assert target.read_bytes() == MODEL


@pytest.mark.parametrize(
    ("path", "digest", "words"),
    [
        ("/page.gguf", "", "not a GGUF file"),
        ("/m.gguf", "0" * 64, "sha256"),
        ("/gone.gguf", "", "404"),
    ],
)
async def test_what_is_no_model_is_not_kept(
    hub: Hub, outbound: HttpOutbound, tmp_path: Path, path: str, digest: str, words: str
) -> None:
    with pytest.raises(RouterdError, match=words):
        await fetch(outbound, hub.url + path, tmp_path / "m.gguf", digest, lambda *_: None)
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_offline_nothing_is_asked_for(outbound: HttpOutbound, tmp_path: Path) -> None:
    door = LoopbackOnly(outbound)
    url = "https://models.example.org/m.gguf"
    with pytest.raises(ProviderFailed, match="offline mode is on"):
        await fetch(door, url, tmp_path / "m.gguf", "", lambda *_: None)


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("https://models.example.org/a/m.gguf", "https://models.example.org/a/m.gguf"),
        ("http://127.0.0.1:9/m.gguf", "http://127.0.0.1:9/m.gguf"),
        ("Qwen/Small-GGUF/small-q4.gguf", "/Qwen/Small-GGUF/resolve/main/small-q4.gguf"),
    ],
)
def test_a_source_is_a_hub_name_or_an_address(source: str, url: str) -> None:
    assert address(source).endswith(url)


@pytest.mark.parametrize(
    "source",
    ["qwen", "http://models.example.org/m.gguf", "https://models.example.org/m.zip", "a/b/.gguf"],
)
def test_what_is_neither_is_refused(source: str) -> None:
    with pytest.raises(RouterdError):
        address(source)


def test_offline_mode_switched_on_by_command_holds_without_a_daemon(tmp_path: Path) -> None:
    here = Places(tmp_path)
    assert not offline(here)
    mode_file.write(here.mode, offline=True)
    assert offline(here)
