"""Runs the tests that a policy brings along: the same functions as for a live request."""

from collections.abc import Iterator
from dataclasses import dataclass

from routerd.core.policy import Finding, Policy, PolicyTest, Sample, SampleRequest, Tier
from routerd.policy import conditions, schedule
from routerd.policy.ruling import Ruling, Subject, refusal, rule_on, verdict_on


@dataclass(frozen=True, slots=True)
class Trial:
    """How one `[[test]]` went; `complaints` is empty where it passed."""

    number: int
    name: str
    rules: tuple[str, ...]
    complaints: tuple[str, ...]


def run_all(policy: Policy) -> tuple[Trial, ...]:
    """Return one Trial per test, in the order of the file."""
    return tuple(_run(policy, number, test) for number, test in enumerate(policy.test))


def _run(policy: Policy, number: int, test: PolicyTest) -> Trial:
    ruling = rule_on(policy, facts_of(test.request))
    return Trial(number, test.name, ruling.ids, tuple(_complaints(ruling, test)))


def facts_of(request: SampleRequest) -> conditions.Facts:
    """Return the facts that a sample request stands for. Raises: ValueError for a bad time."""
    return conditions.Facts(
        task=request.task,
        complexity=request.complexity,
        language=request.language,
        workspace=request.workspace,
        paths=request.path,
        client=request.client,
        sensitivity=request.sensitivity,
        moment=schedule.moment(request.time),
    )


def _complaints(ruling: Ruling, test: PolicyTest) -> Iterator[str]:
    if test.rules is not None and test.rules != ruling.ids:
        yield f"rules {_listed(ruling.ids)} apply, not {_listed(test.rules)}"
    yield from _sample_complaints(ruling, test)
    if test.pin is not None and test.pin != ruling.pin[0]:
        yield f"the pin is '{ruling.pin[0]}', not '{test.pin}'"
    if test.floor is not None and test.floor != ruling.floor:
        yield f"the floor is {ruling.floor:g}, not {test.floor:g}"
    if test.sensitive is not None:
        found = [Finding(kind, "test", 0, 0, 0, 0) for kind in test.request.sensitivity]
        if (verdict := verdict_on(ruling, found)) != test.sensitive:
            yield f"the verdict on what was found is {verdict}, not {test.sensitive}"


def _sample_complaints(ruling: Ruling, test: PolicyTest) -> Iterator[str]:
    for sample in test.allows:
        if reason := refusal(_subject(sample), ruling):
            yield f"{_shown(sample)} is refused: {reason}"
    for sample in test.refuses:
        if refusal(_subject(sample), ruling) is None:
            yield f"{_shown(sample)} is allowed"


def _subject(sample: Sample) -> Subject:
    """Return the model meant; what a test doesn't say is what its zone usually has."""
    tier: Tier = sample.tier or ("standard" if sample.zone == "cloud" else "local")
    name = f"{sample.provider or 'any'}/{sample.model or 'any'}"
    return Subject(name, sample.zone, tier, sample.cost)


def _shown(sample: Sample) -> str:
    subject = _subject(sample)
    said = [f"zone {subject.zone}", f"tier {subject.tier}"]
    if sample.provider or sample.model:
        said.append(subject.name)
    return ", ".join(said)


def _listed(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(names) + "]"
