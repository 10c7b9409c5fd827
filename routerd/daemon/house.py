"""The running daemon as its doors see it: one snapshot at a time, and the state of everything."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from random import SystemRandom
from typing import Any

import anyio

from routerd import __version__
from routerd.core.config import Config
from routerd.core.decision import Decision
from routerd.core.errors import ConfigInvalid, NotFound, RouterdError
from routerd.core.outcome import Outcome
from routerd.core.status import Status
from routerd.daemon import faces, pausing, wiring
from routerd.daemon.baseline import Baseline
from routerd.daemon.governance import Governance
from routerd.daemon.learnt import Learnt
from routerd.endpoints.feed import Feed
from routerd.endpoints.house import CellView, Snapshot
from routerd.journey.activity import MOST_DECISIONS, Activity
from routerd.journey.route import Journey
from routerd.policy.fallback import RetryBudget
from routerd.providers.catalogue import Catalogue, next_check_s
from routerd.sessions.ledger import MOST_SHOWN, Ledger
from routerd.settings import catalogue_file, edit, known_keys, load
from routerd.settings.places import Places
from routerd.storage.forgetting import Forget
from routerd.storage.outcomes import SqliteMemory
from routerd.understanding.classifier import OnnxUnderstanding
from routerd.verification.verifier import AnswerVerifier

_log = logging.getLogger(__name__)
_random = SystemRandom()
# How long the end of an answer waits for the disk. A commit takes 1 to 2 ms; on a disk that is full
# or stuck, answers go on and history says so.
SETTLE_S = 0.25


class NotKept(RouterdError):
    """What was said can't be written now."""

    status_hint = 503


class TheHouse:
    """Implements `endpoints.house.House`. Built by `daemon.serve`, which owns the rooms' lives."""

    def __init__(
        self,
        places: Places,
        config: Config,
        parts: wiring.Parts,
        understanding: OnnxUnderstanding,
        memory: SqliteMemory,
        governance: Governance,
    ) -> None:
        self._places = places
        self._parts = parts
        self._understanding = understanding
        self._memory = self.history = memory
        self.governance = governance
        self.feed = Feed()
        governance.door.on_refused = self._refused
        self._budget = RetryBudget()
        self._ledger = Ledger()
        self.learnt = Learnt(memory, lambda: self._snapshot.catalogue.candidates())
        self.activity = Activity()
        self._reloading = anyio.Lock()
        self._began_s = time.monotonic()
        self._config_error = ""
        self._looked = False
        self.warnings: list[str] = []
        self.port = config.port
        self.stopping = anyio.Event()
        # As the file says, without what a command switched on: only a change of it is a change.
        self._read = config
        self._snapshot = self._build(config, None)

    def _build(self, config: Config, before: Catalogue | None) -> Snapshot:
        named = catalogue_file.load(self._places.home / catalogue_file.USERS)
        self._wanted = wiring.wanted(config, self._places.home)
        self._keys_stamp = known_keys.stamp(self._places.home)
        catalogue = Catalogue(
            wiring.providers(config, replace(self._parts, named=named), self._wanted),
            before.records if before else None,
            partial(wiring.known, named),
            lambda engine: self.feed.tell("engine", asdict(engine)),
        )
        journey = Journey(
            self._understanding,
            self._memory,
            catalogue,
            wiring.stance(config),
            config.timeouts,
            self._budget,
            self.governance.permit,
            self.governance.audit,
            self._ledger,
            AnswerVerifier(),
            self.learnt.learner,
            self.activity,
            self.feed,
            Baseline(named, config.baseline).price_of,
            self._settled,
        )
        self.governance.allow_engines(wiring.engines_here(config))
        return Snapshot(config, journey, catalogue)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue in force, as the class that can refresh."""
        found = self._snapshot.catalogue
        assert isinstance(found, Catalogue)  # noqa: S101  # built here
        return found

    def current(self) -> Snapshot:
        """See `endpoints.house.House.current`."""
        return self._snapshot

    async def refresh(self) -> None:
        """See `endpoints.house.House.refresh`."""
        await self.catalogue.refresh()

    async def first_look(self, limit_s: float | None) -> None:
        """Look for engines, but no longer than `limit_s`; `keep_fresh` goes on where it was cut."""
        with anyio.move_on_after(limit_s) as scope:
            await self.refresh()
        self._looked = not scope.cancelled_caught

    async def keep_fresh(self) -> None:
        """Look for engines again and again; each time at the catalogue then in force."""
        if not self._looked:
            await self.refresh()
        while True:
            every_s = self._snapshot.config.check_every_s
            await anyio.sleep(next_check_s(every_s, _random.random))
            await self.refresh()

    async def recall(self) -> None:
        """Take up where the last run left off."""
        await self.learnt.recall()
        try:
            self.activity.load(faces.recent(await self._memory.pasts(MOST_DECISIONS)))
        except RouterdError as error:
            _log.warning("the last decisions can't be shown: %s", error)

    async def _settled(self) -> None:
        """Wait until all that was concluded so far is on disk, but never long: see Journey."""
        with anyio.move_on_after(SETTLE_S):
            audit = self.governance.audit_log.flush()
            await self._memory.flush()
            await audit

    async def feedback(self, identity: str, value: float) -> Mapping[str, Any]:
        """See `endpoints.house.House.feedback`."""
        decision, outcome, _ = await self.decision(identity)
        if outcome is None or not outcome.model:
            raise NotFound("That decision has no answer that could be judged.")
        self.learnt.learner.feedback(decision, outcome.model, value)
        self.learnt.save()  # a person's word must not wait for the hourly saving
        if not await self._memory.flush():
            raise NotKept(
                "Your feedback counts until routerd stops, but can't be written: "
                f"{self._memory.health or 'try again'}."
            )
        return {"decision": decision.id, "model": outcome.model, "value": value}

    async def reload(self) -> str:
        """See `endpoints.house.House.reload`; an invalid file leaves everything as it was."""
        async with self._reloading:
            policy_fault = await self._reload_policy()
            old = self._snapshot.config
            try:
                read = partial(load.load, self._places.config, was_there=self._read != Config())
                config = await anyio.to_thread.run_sync(read)
                # A key stored anew is asked for at once, though nothing else has changed.
                unchanged = known_keys.stamp(self._places.home) == self._keys_stamp
                if config == self._read and unchanged:
                    self._config_error = ""
                    return policy_fault
                new = self._build(wiring.in_force(old, config), self.catalogue)
            except ConfigInvalid as error:
                self._config_error = error.message
                _log.error("the settings are not used: %s", error)  # no traceback
                self.feed.tell("settings", {"file": "config.toml", "error": error.message})
                return error.message
            self._config_error = ""
            if later := wiring.needing_restart(old, config):
                _log.warning("these changes wait for a restart: %s", ", ".join(later))
            self._read = config
            self.governance.enforce(offline=new.config.offline)
            # Look first, swap then: a request must not meet a catalogue that is still empty.
            await new.catalogue.refresh()  # type: ignore[attr-defined]  # built as a Catalogue
            # Somebody may have thrown the switch meanwhile; the door knows.
            self._snapshot = new.in_mode(offline=self.governance.door.offline)
            _log.info("config.toml is in force")
            self.feed.tell("settings", {"file": "config.toml", "error": ""})
            return policy_fault

    async def _reload_policy(self) -> str:
        """Put policy.toml in force; with a mistake in it the last good one stays."""
        try:
            changed = await anyio.to_thread.run_sync(self.governance.load)
        except ConfigInvalid as error:
            _log.error("the policy is not used: %s", error)  # no traceback
            self.feed.tell("settings", {"file": "policy.toml", "error": error.message})
            return error.message
        if changed:
            self.feed.tell("settings", {"file": "policy.toml", "error": ""})
            now = self._snapshot
            journey = replace(now.journey, permit=self.governance.permit)
            self._snapshot = replace(now, journey=journey)
        return ""

    def set_offline(self, offline: bool, by: str) -> None:
        """See `endpoints.house.House.set_offline`."""
        self.governance.switch(offline=offline, by=by)
        self._snapshot = self._snapshot.in_mode(offline=offline)
        mode = {"offline": offline, "layer": self.governance.layer, "by": by}
        self.feed.tell("mode", mode)

    def _refused(self, server: str, why: str, looking: bool) -> None:
        # Engines are looked for every half minute; that is no request of anybody's.
        if not looking:
            self.activity.note_refusal(server, why)
        told = {"server": server, "refused": self.governance.door.refused}
        self.feed.tell("refused", {**told, "for_request": not looking})

    def pause(self, for_s: float | None) -> None:
        """See `endpoints.house.House.pause`; `keep_paused` frees the memory."""
        self.activity.pause(for_s)
        self.feed.tell("paused", {"paused": True, "for_s": for_s})
        _log.warning("paused %s", f"for {for_s:.0f} s" if for_s else "until somebody resumes")

    def resume(self) -> None:
        """See `endpoints.house.House.resume`."""
        self.activity.resume()
        self.feed.tell("paused", {"paused": False})

    async def keep_paused(self) -> None:
        """Free what local models hold while routerd is paused, again and again."""
        await pausing.keep(self.activity, self._free_memory, self.resume)

    async def _free_memory(self, in_use: set[str]) -> None:
        # What was loaded since the last look is not known yet.
        await self.refresh()
        if await pausing.unload(self.catalogue, in_use):
            await self.refresh()

    async def set_profile(self, name: str) -> None:
        """See `endpoints.house.House.set_profile`."""
        await anyio.to_thread.run_sync(edit.set_key, self._places.config, "profile", name)
        fault = await self.reload()
        if self._snapshot.config.profile != name:
            raise ConfigInvalid(fault or f"The profile is still {self._snapshot.config.profile}.")

    async def decision(self, identity: str) -> tuple[Decision, Outcome | None, Mapping[str, Any]]:
        """See `endpoints.house.House.decision`."""
        written = await self._memory.flush()
        found = await self._memory.decision(identity)
        if found is None and not written and self._memory.health:
            raise NotKept(f"That decision can't be looked up now: {self._memory.health}.")
        if found is None:
            what = "There is no decision yet." if identity == "last" else "No such decision."
            raise NotFound(f"{what} `routerd ask TEXT` makes one.")
        return found

    async def forget(
        self, workspace: str | None, since_unix_s: float | None, until_unix_s: float | None
    ) -> Mapping[str, int]:
        """See `endpoints.house.House.forget`."""
        what = Forget(workspace, since_unix_s, until_unix_s)
        if what == Forget():
            # First, or what is kept in memory could be saved again meanwhile.
            self.learnt.learner.forget()
            self._ledger.forget()
            self.activity.forget()
        gone = await self._memory.forget(what)
        if gone is None:
            raise RouterdError(f"Nothing was forgotten: {self._memory.health or 'try again'}.")
        if what == Forget():
            self.governance.permit.spending.clear()
        # Who forgot what must not be what is remembered: the workspace's name is not told.
        self.governance.audit_log.put("forgotten", asdict(gone))
        return asdict(gone)

    def cells(self) -> list[CellView]:
        """See `endpoints.house.House.cells`."""
        return self.learnt.cells()

    def sessions(self) -> list[dict[str, Any]]:
        """See `endpoints.house.House.sessions`."""
        return self._ledger.held(MOST_SHOWN)

    def stop(self) -> None:
        """See `endpoints.house.House.stop`."""
        self.stopping.set()
        # Whoever listens would else keep the server from draining.
        self.feed.close()

    async def status(self) -> Status:
        """See `endpoints.house.House.status`."""
        counts = await self._memory.counts()
        config = self._snapshot.config
        candidates = self._snapshot.catalogue.candidates()
        kinds = {engine.name: engine.kind for engine in self.catalogue.engines}
        # Engines are asked every 30 s; what has answered since is loaded too.
        loaded = {resident.name for resident in self._parts.residency.residents}
        base = f"http://127.0.0.1:{self.port}"
        status = Status(
            state=faces.state(candidates, stopping=self.stopping.is_set()),
            version=__version__,
            pid=os.getpid(),
            uptime_s=time.monotonic() - self._began_s,
            home=str(self._places.home),
            base_url=f"{base}/v1",
            mcp_url=f"{base}/mcp",
            mcp_socket=str(self._places.mcp_socket),
            offline=config.offline,
            offline_layer=self.governance.layer,
            profile=config.profile,
            classifier=self._understanding.state,
            engines=self.catalogue.engines,
            models=tuple(faces.model(c, kinds.get(c.provider, ""), loaded) for c in candidates),
            warnings=tuple(self._warnings()),
            requests=int(counts.get("requests", 0)),
            config_error=self._config_error,
            memories=int(counts.get("memories", 0)),
        )
        saved_usd = await self._memory.saved()
        return faces.described(status, self._snapshot, self.activity, self.governance, saved_usd)

    def _warnings(self) -> list[str]:
        sources: list[Callable[[], str]] = [
            lambda: self._config_error,
            lambda: self._memory.notice,
            lambda: self._memory.health,
            lambda: "" if self._understanding.state.startswith("ready") else self._classifier(),
        ]
        own = (text for source in sources if (text := source()))
        return [*self.warnings, *own, *self.governance.warnings()]

    def _classifier(self) -> str:
        return f"requests are not classified: {self._understanding.state}"
