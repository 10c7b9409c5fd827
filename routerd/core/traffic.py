"""How much of one request left this machine; counted where it leaves, read where it is told."""

from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True)
class Traffic:
    """Bytes of bodies and servers (scheme://host:port) that one request was sent to."""

    bytes_out: int = 0
    servers: set[str] = field(default_factory=set)


CURRENT: ContextVar[Traffic | None] = ContextVar("routerd_traffic", default=None)


def count(server: str, sent_bytes: int) -> None:
    """Add a body that is about to leave to the request under way, if there is one."""
    traffic = CURRENT.get()
    if traffic is not None:
        traffic.bytes_out += sent_bytes
        traffic.servers.add(server)
