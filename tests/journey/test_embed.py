"""Texts to vectors: chosen by the same rules, remembered, and never by another model's vectors."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.config import Timeouts
from routerd.core.embedding import EmbeddingAnswer, EmbeddingRequest
from routerd.core.errors import NoCandidate, ProviderFailed
from routerd.core.policy import Policy, Screening, Verdict
from routerd.journey.audited import Audit
from routerd.journey.embed import embed
from routerd.journey.permit import Permit
from routerd.journey.route import Journey
from routerd.policy.decide import Stance
from routerd.screening.screener import Screener
from tests.fakes.rooms import (
    FixedCatalogue,
    FixedUnderstanding,
    ListMemory,
    ListWatcher,
    ScriptedProvider,
)
from tests.fakes.scripted_house import ScriptedEngine

pytestmark = pytest.mark.anyio
LOCAL = Candidate("fake", "local", context_tokens=512, capabilities=Capabilities(embeddings=True))
CLOUD = replace(LOCAL, model="cloud", zone="cloud", context_tokens=8192, ability=9.0)
CHAT = Candidate("fake", "chat")
ASKED = EmbeddingRequest(("one", "three"))
KEY = "ghp_" + "a1B2" * 9


class Failing(ScriptedEngine):
    """Fails, or gives too few vectors."""

    def __init__(self, failure: ProviderFailed | None) -> None:
        super().__init__()
        self.failure = failure

    async def embed(self, request: EmbeddingRequest, candidate: Candidate) -> EmbeddingAnswer:
        if self.failure:
            raise self.failure
        return EmbeddingAnswer("m", (b"\0\0\0\0",))


def _journey(
    *models: Candidate, engine: ScriptedEngine | None = None, offline: bool = False
) -> Journey:
    catalogue = FixedCatalogue(engine or ScriptedEngine(), listed=models)
    stance = Stance(offline=offline)
    return Journey(FixedUnderstanding(), ListMemory(), catalogue, stance, Timeouts())


async def test_an_embedding_model_answers_and_is_remembered() -> None:
    journey = _journey(CHAT, LOCAL)
    answer = await embed(journey, ASKED)
    assert (answer.model, len(answer.vectors), answer.input_tokens) == ("fake/local", 2, 8)
    memory = journey.memory
    assert isinstance(memory, ListMemory)
    assert (memory.outcome.finish, memory.outcome.model) == ("stop", "fake/local")
    ((made, _, facts),) = memory.remembered
    assert made.exclusions[0].rule == "kind"
    assert "three" not in str(facts)


async def test_texts_are_not_classified() -> None:
    journey = _journey(LOCAL)
    await embed(journey, ASKED)
    assert isinstance(journey.understanding, FixedUnderstanding)
    assert journey.understanding.requests == []


async def test_offline_keeps_texts_on_the_machine() -> None:
    answer = await embed(_journey(CLOUD, LOCAL, offline=True), ASKED)
    assert answer.model == "fake/local"
    with pytest.raises(NoCandidate) as refused:
        await embed(_journey(CLOUD, offline=True), ASKED)
    assert refused.value.refused_by_policy


async def test_a_text_longer_than_the_window_goes_to_a_larger_one() -> None:
    long = EmbeddingRequest(("word " * 2000,))
    assert (await embed(_journey(LOCAL, CLOUD), long)).model == "fake/cloud"
    many = EmbeddingRequest(("word " * 100,) * 50)
    assert (await embed(_journey(LOCAL), many)).model == "fake/local"


async def test_without_an_embedding_model_it_is_said_how_to_get_one() -> None:
    with pytest.raises(NoCandidate, match="No embedding model"):
        await embed(_journey(CHAT), ASKED)


@pytest.mark.parametrize(
    ("failure", "words"),
    [(ProviderFailed("it is not there", "refused"), "not there"), (None, "1 vectors for 2 texts")],
)
async def test_a_failure_is_told_and_remembered(failure: ProviderFailed | None, words: str) -> None:
    journey = _journey(LOCAL, engine=Failing(failure))
    with pytest.raises(ProviderFailed, match=words):
        await embed(journey, ASKED)
    assert isinstance(journey.memory, ListMemory)
    assert journey.memory.outcome.finish == "failed"


async def test_a_provider_that_can_not_embed_says_so() -> None:
    catalogue = FixedCatalogue(ScriptedProvider("fake", {"local": ()}), listed=(LOCAL,))
    journey = Journey(FixedUnderstanding(), ListMemory(), catalogue, Stance())
    with pytest.raises(ProviderFailed, match="can't embed"):
        await embed(journey, ASKED)


class Overheard(ScriptedEngine):
    """Keeps the texts that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: tuple[str, ...] = ()

    async def embed(self, request: EmbeddingRequest, candidate: Candidate) -> EmbeddingAnswer:
        self.texts = request.texts
        return await super().embed(request, candidate)


class Written:
    """An audit log in memory."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, Mapping[str, Any]]] = []

    async def written(self, kind: str, facts: Mapping[str, Any]) -> bool:
        self.entries.append((kind, facts))
        return True

    def put(self, kind: str, facts: Mapping[str, Any]) -> None:
        self.entries.append((kind, facts))


@pytest.mark.parametrize("verdict", ["mask", "stay-local"])
async def test_texts_with_a_secret_leave_masked_or_not_at_all(verdict: Verdict) -> None:
    engine, log = Overheard(), Written()
    journey = replace(
        _journey(CLOUD, engine=engine),
        permit=Permit(Policy(screening=Screening(secret=verdict)), Screener()),
        audit=Audit(log),
    )
    asked = EmbeddingRequest((f"token {KEY}", "three"))
    if verdict == "stay-local":
        with pytest.raises(NoCandidate):
            await embed(journey, asked)
        assert engine.texts == ()
        return
    await embed(journey, asked)
    assert KEY not in " ".join(engine.texts)
    assert engine.texts[1] == "three"
    assert [kind for kind, _ in log.entries] == ["decided", "answered"]
    assert KEY not in str(log.entries)


async def test_who_watches_sees_embeddings_too() -> None:
    watcher = ListWatcher()
    await embed(replace(_journey(LOCAL), watcher=watcher), ASKED)
    assert [told[0] for told in watcher.told] == ["decided", "answered"]
