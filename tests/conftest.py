"""What every test may use."""

import hypothesis
import pytest

# The same examples in every run, on a busy machine too; nothing is kept between runs.
hypothesis.settings.register_profile(
    "routerd", deadline=None, derandomize=True, database=None, print_blob=False
)
hypothesis.settings.load_profile("routerd")


@pytest.fixture
def anyio_backend() -> str:
    """The daemon runs on asyncio (uvicorn), so the tests do."""
    return "asyncio"
