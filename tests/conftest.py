"""What every test may use."""

from pathlib import Path

import hypothesis
import pytest

LONG_ROOMS = ("whole_house", "egress", "tray", "credentials", "screening", "engines")
"""Folders whose files take longest: begun first, so that no worker is left with one in the end."""

# The same examples in every run, on a busy machine too; nothing is kept between runs.
hypothesis.settings.register_profile(
    "routerd", deadline=None, derandomize=True, database=None, print_blob=False
)
hypothesis.settings.load_profile("routerd")


@pytest.fixture
def anyio_backend() -> str:
    """The daemon runs on asyncio (uvicorn), so the tests do."""
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of `LONG_ROOMS` before all others; each file keeps its order."""
    here = Path(__file__).parent
    place = {room: at for at, room in enumerate(LONG_ROOMS)}
    items.sort(key=lambda item: place.get(item.path.relative_to(here).parts[0], len(LONG_ROOMS)))
