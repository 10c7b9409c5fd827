"""What the tests of providers share."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from routerd.network.outbound import HttpOutbound


@pytest.fixture
async def outbound() -> AsyncIterator[HttpOutbound]:
    """The real way out; the servers it reaches are fakes on this machine."""
    async with aclosing(HttpOutbound(connect_s=1.0)) as opened:
        yield opened
