"""Starts the daemon inside the airgap: the door is opened first, then the kernel closes the rest.

It imports nothing that starts a thread (numpy does), because a process with threads can't move
into a namespace; the house is imported afterwards.
"""

import os
from urllib.parse import urlsplit

from routerd.core.config import Config
from routerd.daemon.sealed import Sealed
from routerd.endpoints import http_server
from routerd.network import airgap
from routerd.network.relay import Relay, destinations
from routerd.settings import engines, load, places
from routerd.settings.places import Places


def run(here: Places, *, foreground: bool) -> None:
    """Serve as `serve.run` does. Raises: AirgapRefused and what that raises."""
    os.umask(0o077)
    places.prepare(here)
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


def _engines(config: Config) -> list[str]:
    """Return the addresses of engines on this machine, those not running now as well."""
    ollama = engines.ollama_address("")[0]
    wanted = engines.wanted(config, os.environ)
    urls = [entry.base_url or ollama for entry in wanted if entry.kind != "llamacpp"]
    return [url for url in urls if engines.is_this_machine(urlsplit(url).hostname or "")]
