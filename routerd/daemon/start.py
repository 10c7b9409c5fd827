"""Starts the daemon: the home's lock first, then the airgap where it is asked for, then the house.

It imports nothing that starts a thread (numpy does), because a process with threads can't move
into a namespace; the house is imported afterwards. A start that comes second ends before that, so
that fifty at once cost fifty small processes and one large one.
"""

import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from routerd.daemon.lock import InstanceLock
from routerd.settings import places
from routerd.settings.places import Places

if TYPE_CHECKING:
    from routerd.core.config import Config

# Two descriptors a request (client and backend), 256 requests at once, and room for files.
# macOS starts programs with 256.
WANTED_FILES = 4096


def run(here: Places, *, foreground: bool, airgap: bool = False) -> None:
    """Serve until told to stop.

    Raises: AlreadyRunning, ConfigInvalid, AirgapRefused, RouterdError (the port is taken).
    """
    os.umask(0o077)
    set_limits()
    places.prepare(here)
    with InstanceLock(here.lock):
        if airgap:
            _sealed(here, foreground=foreground)
            return
        from routerd.daemon import serve  # late: see above

        serve.run(here, foreground=foreground)


def set_limits() -> None:
    """No core files, which would hold prompts and keys; as many open files as requests may need."""
    if sys.platform == "win32":
        return
    import resource  # not there on Windows

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _sealed(here: Places, *, foreground: bool) -> None:
    """Open the door, then let the kernel close the rest, and serve from within."""
    from routerd.daemon.sealed import Sealed  # late: see above
    from routerd.endpoints import http_server
    from routerd.network import airgap  # Linux only
    from routerd.network.relay import Relay, destinations
    from routerd.settings import load

    config = load.load(here.config)
    sock = http_server.bind(config.port)
    relay = Relay(here.run, destinations(_engines(config)))
    relay.start()
    try:
        airgap.enter()
        from routerd.daemon import serve  # late: see above

        serve.run(here, foreground=foreground, sealed=Sealed(sock, relay))
    finally:
        relay.stop()
        sock.close()


def _engines(config: "Config") -> list[str]:
    """Return the addresses of engines on this machine, those not running now as well."""
    from routerd.settings import engines  # late: see above

    ollama = engines.ollama_address("")[0]
    wanted = engines.wanted(config, os.environ)
    urls = [entry.base_url or ollama for entry in wanted if entry.kind != "llamacpp"]
    return [url for url in urls if engines.is_this_machine(urlsplit(url).hostname or "")]
