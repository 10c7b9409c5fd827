"""A daemon for the tests of a module: starting one costs more than most tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.daemon import Daemon


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The daemon with nothing but the built-in plumbing check."""
    home: Path = tmp_path_factory.mktemp("home")
    with Daemon(home) as running:
        yield running
