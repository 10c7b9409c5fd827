"""A server of the tests that ends leaves no connection open.

One left open is a warning when the garbage collector finds it, in whichever test that happens.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.http_server import FakeServer
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.scripted_house import ServedHouse

CLIENTS = 30


@pytest.fixture(params=["engine", "house"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> FakeServer | ServedHouse:
    return FakeOpenAI({}) if request.param == "engine" else ServedHouse(tmp_path)


@pytest.fixture
def clients() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as opened:
        yield opened


@pytest.mark.parametrize("settling_s", [0.0, 0.05], ids=["as it ends", "before"])
def test_who_connected_before_the_end_is_closed_by_it(
    server: FakeServer | ServedHouse, clients: contextlib.ExitStack, settling_s: float
) -> None:
    with server:
        address = ("127.0.0.1", server.port)
        there = [
            clients.enter_context(socket.create_connection(address, timeout=5))
            for _ in range(CLIENTS)
        ]
        time.sleep(settling_s)  # on their way, or accepted
    for one in there:
        # One that nobody closed would time out here.
        with contextlib.suppress(ConnectionError):
            assert one.recv(1) == b""
