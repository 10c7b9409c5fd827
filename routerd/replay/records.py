"""Recorded outcomes and prices as frozen values, read from Parquet, JSON Lines or CSV files."""

import csv
import gzip
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from routerd.core.candidate import Price, Zone
from routerd.core.errors import InvalidRequest
from routerd.core.request import CHARACTERS_PER_TOKEN

NEEDED = ("problem_id", "source", "prompt", "model", "passed")
_ZONES: Mapping[str, Zone] = {"device": "device", "network": "network", "cloud": "cloud"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one model did on one problem; `passed` 0..1, `output_tokens` 0 where not recorded."""

    passed: float
    output_tokens: float = 0.0


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of one source and every model's answer to it."""

    id: str
    source: str
    prompt: str = field(repr=False)
    input_tokens: int
    answers: Mapping[str, Answer] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a model costs and where it runs."""

    price: Price
    zone: Zone
    parameters_b: float = 0.0


def read_problems(path: Path) -> tuple[Problem, ...]:
    """Return the problems of a file, in its order. Raises: InvalidRequest, saying what is wrong.

    Columns: problem_id, source, prompt, model, passed; and prompt_tokens, output_tokens where
    known. A problem's prompt may stand in its first row alone.
    """
    try:
        return _gather(_rows(path))
    except OSError as error:
        raise InvalidRequest(f"{path} can't be read ({error.strerror or error})") from error
    except KeyError as error:
        raise InvalidRequest(
            f"{path} lacks the column {error}; it needs {', '.join(NEEDED)}"
        ) from error
    except (ValueError, TypeError) as error:
        raise InvalidRequest(f"{path} holds a row that can't be read: {error}") from error


def read_tariffs(path: Path) -> Mapping[str, Tariff]:
    """Return prices by model. Raises: InvalidRequest."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {str(model): _tariff(entry) for model, entry in values.items()}
    except OSError as error:
        raise InvalidRequest(f"{path} can't be read ({error.strerror or error})") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidRequest(
            f'{path} must map models to {{"input", "output", "zone"}} '
            f"({type(error).__name__}: {error})"
        ) from error


def _tariff(entry: Mapping[str, Any]) -> Tariff:
    price = Price(
        input=_amount(entry["input"]),
        cached_input=_amount(entry.get("cached_input") or 0.0),
        output=_amount(entry["output"]),
    )
    return Tariff(price, _ZONES[str(entry["zone"])], _amount(entry.get("params_b") or 0.0))


def _amount(value: Any) -> float:
    number = float(value)
    if not 0.0 <= number < math.inf:
        raise ValueError(f"{number} is no amount")
    return number


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        yield from _parquet_rows(path)
        return
    if not name.endswith((".jsonl", ".csv")):
        raise InvalidRequest(
            f"{path} must be a .parquet, .jsonl or .csv file (the latter also .gz)"
        )
    with _opened(path) as lines:
        if name.endswith(".csv"):
            yield from csv.DictReader(lines)
        else:
            yield from (json.loads(line) for line in lines if line.strip())


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        # Optional: 40 MB that only replays of Parquet files need.
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise InvalidRequest(
            "Reading Parquet needs pyarrow: pip install 'routerd[replay]' "
            "(or convert the file to .jsonl)."
        ) from error
    try:
        # pyarrow opens the file itself and tells a missing one in its own words.
        with path.open("rb") as file:
            for batch in parquet.ParquetFile(file).iter_batches(batch_size=4096):
                yield from batch.to_pylist()
    except ArrowException as error:
        raise ValueError(str(error)) from error


def _gather(rows: Iterable[Mapping[str, Any]]) -> tuple[Problem, ...]:
    prompts: dict[tuple[str, str], tuple[str, int]] = {}
    answers: dict[tuple[str, str], dict[str, Answer]] = {}
    for row in rows:
        key = (str(row["source"]), str(row["problem_id"]))
        prompt = str(row["prompt"] or "")
        if key not in prompts or (prompt and not prompts[key][0]):
            tokens = int(_known(row.get("prompt_tokens")))
            prompts[key] = (prompt, tokens or int(len(prompt) / CHARACTERS_PER_TOKEN))
        passed = float(row["passed"])
        if not 0.0 <= passed <= 1.0:
            raise ValueError(f"passed is {passed}, not within 0..1")
        answer = Answer(passed, _known(row.get("output_tokens")))
        answers.setdefault(key, {})[str(row["model"])] = answer
    return tuple(Problem(key[1], key[0], *prompts[key], answers=answers[key]) for key in answers)


def _known(value: Any) -> float:
    """Return a count, 0 where it is absent, empty or not a number."""
    number = float(value) if value not in (None, "") else 0.0
    return number if 0.0 <= number < math.inf else 0.0
