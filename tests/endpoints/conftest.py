"""One scripted house for a module; a test sets the script that it needs."""

from collections.abc import Iterator

import pytest

from tests.fakes.scripted_house import ServedHouse


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedHouse]:
    """The doors on a real socket over a scripted engine."""
    with ServedHouse(tmp_path_factory.mktemp("house")) as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh_script(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put the usual script back after each test."""
    yield
    if "served" in request.fixturenames:
        house: ServedHouse = request.getfixturevalue("served")
        house.engine.script = type(house.engine)().script
