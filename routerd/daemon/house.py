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
from routerd.core import traffic
from routerd.core.candidate import Candidate
from routerd.core.config import Config
from routerd.core.decision import Decision
from routerd.core.errors import ConfigInvalid, NotFound, RouterdError
from routerd.core.outcome import Outcome
from routerd.core.status import ModelStatus, Status
from routerd.daemon import wiring
from routerd.daemon.baseline import Baseline
from routerd.daemon.governance import Governance
from routerd.endpoints import views
from routerd.endpoints.feed import Feed
from routerd.endpoints.house import CellView, Snapshot
from routerd.journey.route import Journey
from routerd.learning import keeping
from routerd.learning.learner import MOST_LESSONS, Learner, head_of
from routerd.policy.fallback import RetryBudget
from routerd.providers.catalogue import Catalogue, next_check_s
from routerd.sessions.ledger import MOST_SHOWN, Ledger
from routerd.settings import catalogue_file, known_keys, load
from routerd.settings.places import Places
from routerd.storage.forgetting import Forget
from routerd.storage.outcomes import SqliteMemory
from routerd.understanding.classifier import OnnxUnderstanding
from routerd.verification.verifier import AnswerVerifier

_log = logging.getLogger(__name__)
_random = SystemRandom()


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
        self._learner = Learner(memory)
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
            self._learner,
            self.feed,
            Baseline(named, config.baseline).price_of,
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

    async def keep_fresh(self, every_s: float) -> None:
        """Look for engines again and again; each time at the catalogue then in force."""
        if not self._looked:
            await self.refresh()
        while True:
            await anyio.sleep(next_check_s(every_s, _random.random))
            await self.refresh()

    async def recall(self) -> None:
        """Take up the performance matrix where the last run left it."""
        try:
            self._learner.matrix.take_up(keeping.matrix_of(await self._memory.cells()))
        except (RouterdError, TypeError, ValueError):
            _log.exception("what was learnt of the models could not be read")

    async def keep_learning(self, every_s: float) -> None:
        """Learn how hard tasks are and save the matrix, again and again; see `save_learning`."""
        await anyio.sleep(min(every_s, keeping.FIRST_AFTER_S))
        while True:
            await self._learn_difficulty()
            await anyio.sleep(every_s)
            self.save_learning()

    async def _learn_difficulty(self) -> None:
        try:
            lessons = await self._memory.lessons(MOST_LESSONS)
            known = self._snapshot.catalogue.candidates()
            self._learner.head = await anyio.to_thread.run_sync(head_of, lessons, known)
        except RouterdError as error:
            _log.warning("what tasks turned out to be could not be learnt: %s", error)

    def save_learning(self) -> None:
        """Queue the performance matrix for the writer."""
        self._memory.save_cells(keeping.rows_of(self._learner.matrix, time.time()))

    async def feedback(self, identity: str, value: float) -> Mapping[str, Any]:
        """See `endpoints.house.House.feedback`."""
        decision, outcome, _ = await self.decision(identity)
        if outcome is None or not outcome.model:
            raise NotFound("That decision has no answer that could be judged.")
        self._learner.feedback(decision, outcome.model, value)
        return {"decision": decision.id, "model": outcome.model, "value": value}

    async def reload(self) -> str:
        """See `endpoints.house.House.reload`; an invalid file leaves everything as it was."""
        async with self._reloading:
            policy_fault = await self._reload_policy()
            old = self._snapshot.config
            try:
                config = await anyio.to_thread.run_sync(load.load, self._places.config)
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
            self._snapshot = new
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
        now = self._snapshot
        stance = replace(now.journey.stance, offline=offline)
        self._snapshot = replace(
            now,
            config=replace(now.config, offline=offline),
            journey=replace(now.journey, stance=stance),
        )
        mode = {"offline": offline, "layer": self.governance.layer, "by": by}
        self.feed.tell("mode", mode)

    def _refused(self, server: str) -> None:
        # Engines are looked for every half minute; that is no request of anybody's.
        asked = traffic.CURRENT.get() is not None
        refused = self.governance.door.refused
        self.feed.tell("refused", {"server": server, "refused": refused, "for_request": asked})

    async def decision(self, identity: str) -> tuple[Decision, Outcome | None, Mapping[str, Any]]:
        """See `endpoints.house.House.decision`."""
        await self._memory.flush()
        found = await self._memory.decision(identity)
        if found is None:
            what = "There is no decision yet." if identity == "last" else "No such decision."
            raise NotFound(f"{what} `routerd ask TEXT` makes one.")
        return found

    async def forget(
        self, workspace: str | None, since_unix_s: float | None, until_unix_s: float | None
    ) -> Mapping[str, int]:
        """See `endpoints.house.House.forget`."""
        what = Forget(workspace, since_unix_s, until_unix_s)
        gone = await self._memory.forget(what)
        if gone is None:
            raise RouterdError(f"Nothing was forgotten: {self._memory.health or 'try again'}.")
        # Who forgot what must not be what is remembered: the workspace's name is not told.
        self.governance.audit_log.put("forgotten", asdict(gone))
        return asdict(gone)

    def cells(self) -> list[CellView]:
        """See `endpoints.house.House.cells`."""
        now_s = time.time()
        rows = ((key, cell.faded(now_s)) for key, cell in self._learner.matrix.rows())
        return [CellView(*key, now.tried, now.well) for key, now in rows if len(key) == 2]

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
        base = f"http://127.0.0.1:{self.port}"
        return Status(
            state=self._state(candidates),
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
            models=tuple(model_status(c, kinds.get(c.provider, "")) for c in candidates),
            warnings=tuple(self._warnings()),
            requests=int(counts.get("requests", 0)),
            config_error=self._config_error,
            memories=int(counts.get("memories", 0)),
        )

    def _state(self, candidates: tuple[Candidate, ...]) -> str:
        if self.stopping.is_set():
            return "stopping"
        usable = [candidate for candidate in candidates if candidate.usable]
        if not usable:
            return "no models"
        return "plumbing check only" if all(c.plumbing for c in usable) else "ready"

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


def model_status(candidate: Candidate, engine: str) -> ModelStatus:
    """Return a candidate as every face shows it; `engine` is its provider's kind."""
    return ModelStatus(
        name=candidate.name,
        provider=candidate.provider,
        zone=candidate.zone,
        context_tokens=candidate.context_tokens,
        capabilities=tuple(views.capabilities(candidate.capabilities)),
        warm=candidate.warm,
        usable=candidate.usable and not candidate.circuit_open,
        reason=candidate.unusable_reason or ("resting" if candidate.circuit_open else ""),
        parameters_b=candidate.parameters_b,
        health=candidate.health,
        tokens_per_s=candidate.tokens_per_s,
        plumbing=candidate.plumbing,
        engine=engine,
        loaded_tokens=candidate.loaded_tokens,
        ability=candidate.ability,
        ability_sd=candidate.ability_sd,
        price_input=candidate.price.input,
        price_cached_input=candidate.price.cached_input,
        price_output=candidate.price.output,
        load_s=candidate.load_s,
        size_bytes=candidate.size_bytes,
    )
