"""Starts the rooms in order, serves until told to stop, and ends them in reverse."""

import json
import logging
import os
import signal
from collections.abc import AsyncGenerator, Coroutine
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from routerd import logs
from routerd.audit.log import AuditLog
from routerd.core.config import Config
from routerd.credentials.keyring_store import KeyringStore
from routerd.daemon import freed_memory, wiring
from routerd.daemon.governance import Governance
from routerd.daemon.house import TheHouse
from routerd.endpoints import http_server
from routerd.endpoints.mcp_door import McpDoor
from routerd.engines.pool import EnginePool
from routerd.journey.permit import Permit
from routerd.journey.spending import Spending
from routerd.learning.keeping import SAVE_EVERY_S
from routerd.network import dumpable
from routerd.network.offline import LoopbackOnly
from routerd.network.outbound import HttpOutbound
from routerd.screening.screener import Screener
from routerd.settings import load, mode_file, places, policy_file, watch
from routerd.settings.client_tokens import ClientTokens
from routerd.settings.places import Places
from routerd.storage.outcomes import SqliteMemory
from routerd.understanding import model_files
from routerd.understanding.classifier import OnnxUnderstanding

if TYPE_CHECKING:
    from routerd.daemon.sealed import Sealed

_log = logging.getLogger(__name__)
# Engines of this machine answer within milliseconds. A cloud, or a keyring that waits for somebody
# to unlock it, must not keep the doors closed: it is looked for again once they are open.
FIRST_LOOK_S = 1.0


@asynccontextmanager
async def rooms(
    here: Places, config: Config, kernel: str = "", *, first_look_s: float | None = None
) -> AsyncGenerator[TheHouse]:
    """Open every room that a decision needs; no door is open yet. `kernel` names its layer.

    Engines are looked for before that, for at most `first_look_s` (None: until all have answered).
    """
    outbound = HttpOutbound(connect_s=config.timeouts.connect_s)
    door = LoopbackOnly(outbound, offline=config.offline)
    governance = Governance(here, door, AuditLog(here.audit), kernel=kernel)
    understanding = _understanding(config)
    memory = SqliteMemory(
        here.database, embedder=_embedder(), store_embeddings=config.store_embeddings
    )
    spending = Spending(memory.spend)
    governance.permit = Permit(screener=Screener(), spending=spending)
    governance.load()
    governance.enforce(offline=config.offline)
    pool = EnginePool(here.log.parent, max_loaded=config.llamacpp.max_loaded)
    parts = wiring.Parts(
        door, pool, KeyringStore(), here.models, wiring.residency(config), door.check
    )
    async with memory, pool, parts.residency:
        spending.load(await memory.spent())
        try:
            house = TheHouse(here, config, parts, understanding, memory, governance)
            async with anyio.create_task_group() as group:
                if config.understanding.enabled:
                    group.start_soon(anyio.to_thread.run_sync, _load, understanding)
                group.start_soon(house.first_look, first_look_s)
                group.start_soon(house.recall)
            yield house
            house.learnt.save()
        finally:
            understanding.close()
            with anyio.CancelScope(shield=True):
                await outbound.aclose()


def _load(understanding: OnnxUnderstanding) -> None:
    understanding.load()
    freed_memory.give_back()


def _understanding(config: Config) -> OnnxUnderstanding:
    settings = config.understanding
    return OnnxUnderstanding(
        places.shipped_model("router"),
        max_tokens=settings.max_tokens,
        threads=settings.intra_op_threads,
        budget_ms=settings.budget_ms,
    )


def _embedder() -> str:
    """Return what tells one model's embeddings from another's; they must not be compared."""
    try:
        labels = model_files.read_labels(places.shipped_model("router"))
    except model_files.ModelUnusable:
        return ""
    return labels.sha256.get(model_files.MODEL_FILE, "")


def run(here: Places, *, foreground: bool, sealed: "Sealed | None" = None) -> None:
    """Serve until SIGTERM, SIGINT or a shutdown request; `sealed`: within the airgap.

    `daemon.start` holds the home's lock. Raises: ConfigInvalid, RouterdError (the port is taken).
    """
    config = load.load(here.config)
    if sealed or mode_file.offline(here.mode):
        config = replace(config, offline=True)
    logs.set_up(config.log_level, None if foreground else here.log)
    token, warning = places.ensure_token(here.token)
    sock = sealed.sock if sealed else http_server.bind(config.port)
    dumpable.forbid()
    anyio.run(partial(_serve, here, config, token, warning, sock, sealed))


async def _serve(
    here: Places,
    config: Config,
    token: str,
    warning: str,
    sock: http_server.Socket,
    sealed: "Sealed | None",
) -> None:
    kernel = ""
    ways_in: AbstractAsyncContextManager[None] = nullcontext()
    if sealed is not None:
        from routerd.network import airgap  # Linux only
        from routerd.network.relay import inlets

        kernel, ways_in = airgap.NAME if airgap.in_force() else "", inlets(sealed.relay)
    try:
        opened = rooms(here, config, kernel, first_look_s=FIRST_LOOK_S)
        async with ways_in, opened as house, house.governance.audit_log:
            house.port = sock.getsockname()[1]
            house.warnings += [warning] if warning else []
            house.governance.tripwire.install()
            await _accounted(house, _open_doors(here, config, token, house, sock))
    finally:
        sock.close()
        here.endpoint.unlink(missing_ok=True)
    _log.info("stopped")


async def _accounted(house: TheHouse, serving: Coroutine[None, None, None]) -> None:
    """Serve between an entry of the start and one of the end."""
    governance = house.governance
    governance.audit_log.put("started", {"offline": governance.door.offline})
    try:
        await serving
    finally:
        governance.audit_log.put("stopped", {})


async def _open_doors(
    here: Places, config: Config, token: str, house: TheHouse, sock: http_server.Socket
) -> None:
    max_body_bytes = config.max_body_mib << 20
    mcp = McpDoor(house, house.port, max_body_bytes)
    app = http_server.build(
        house,
        mcp,
        port=house.port,
        tokens=ClientTokens(token, here.client_tokens),
        max_body_bytes=max_body_bytes,
    )
    server = http_server.HttpServer(app, sock, drain_s=config.timeouts.drain_s)
    async with anyio.create_task_group() as group:
        await group.start(partial(mcp.serve, here.mcp_socket))
        await group.start(server.serve)
        group.start_soon(house.keep_fresh)
        group.start_soon(house.learnt.keep, SAVE_EVERY_S)
        group.start_soon(house.keep_paused)
        group.start_soon(_watch_settings, here, house)
        group.start_soon(_watch_models, wiring.models_dir(config, here.models), house)
        group.start_soon(_watch_signals, house, server)
        endpoint = {"port": house.port, "pid": os.getpid()}
        places.write_private(here.endpoint, json.dumps(endpoint))
        _log.info("ready on http://127.0.0.1:%d", house.port)
        await house.stopping.wait()
        _log.info("draining")
        server.stop()
        await server.stopped.wait()
        group.cancel_scope.cancel()


async def _watch_settings(here: Places, house: TheHouse) -> None:
    async for _ in watch.changes(here.config, house.stopping, also=(policy_file.NAME,)):
        await house.reload()


async def _watch_models(folder: Path, house: TheHouse) -> None:
    if not await anyio.to_thread.run_sync(folder.is_dir):
        return  # looked at again every 30 s, and watched after the next start
    async for _ in watch.model_changes(folder, house.stopping):
        await house.refresh()


async def _watch_signals(house: TheHouse, server: http_server.HttpServer) -> None:
    wanted = [signal.SIGTERM, signal.SIGINT]
    if hasattr(signal, "SIGHUP"):
        wanted.append(signal.SIGHUP)
    with anyio.open_signal_receiver(*wanted) as signals:
        async for caught in signals:
            if caught == getattr(signal, "SIGHUP", None):
                await house.reload()
            elif house.stopping.is_set():
                # Asked twice: no more waiting for answers that still stream.
                server.stop(at_once=True)
            else:
                house.stop()
