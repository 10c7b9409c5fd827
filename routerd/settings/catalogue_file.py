"""What is known of models by name: the shipped catalogue.toml and the user's own over it.

Reads files, asks nobody. An unknown key is an error that names file and key.
"""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from routerd.core.errors import ConfigInvalid
from routerd.core.features import Task

SHIPPED = Path(__file__).parents[1] / "catalogue.toml"
USERS = "catalogue.toml"
CapabilityName = Literal["tools", "vision", "json_schema", "fim", "thinking"]


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class DatedPrice:
    """US dollars per million tokens as of `date` (ISO); `source` says where it was read."""

    input: float
    output: float
    date: str
    cached_input: float = 0.0
    source: str = ""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Entry:
    """One `[[model]]`. `match` are name patterns (see `find`); 0 and () mean not known.

    `ability` and `abilities` are logits on the scale of `policy.scores`; `basis` tells whether
    outcomes of this model stand behind them (`fitted`), or its kin and size (`family`).
    """

    name: str
    family: str
    match: tuple[str, ...]
    ability: float
    ability_sd: float
    basis: Literal["fitted", "family", "user"] = "user"
    abilities: Mapping[Task, float] = field(default_factory=dict)
    params_b: float = 0.0
    context_tokens: int = 0
    capabilities: tuple[CapabilityName, ...] = ()
    price: DatedPrice | None = None


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class ModelCatalogue:
    """All entries; earlier ones win over later ones with the same pattern. `dated` is ISO."""

    dated: str = ""
    model: tuple[Entry, ...] = ()

    def find(self, name: str) -> Entry | None:
        """Return the entry a model name means, None where none fits.

        A pattern that is the name to the letter goes first ("codestral-latest" is not every
        Codestral). Else a pattern fits when its words are the name's, once the owner, the file ending, the
        quantisation, dates and words such as `instruct` are taken off both.
        """
        exact, by_words = _index(tuple((entry.name, *entry.match) for entry in self.model))
        plain = name.strip().lower().rpartition("/")[2]
        place = exact.get(plain, by_words.get(words(name)))
        return None if place is None else self.model[place]


_FILE_END = re.compile(r"\.gguf$|[-_]gguf$")
_SPLIT_PART = re.compile(r"-\d{5}-of-\d{5}$")
_QUANTISED = re.compile(
    r"[-_.:@](?:i?q\d\w*|u?d?-?q\d\w*|b?f(?:p)?(?:8|16|32)|int[48]|mxfp4|nvfp4|qat|awq|gptq|mlx|[2-8]bit"
    r"|[2-8]bits)(?=$|[-_.:@])"
)
_DATED = re.compile(
    r"[-_@:](?:\d{4}[-_]\d{2}[-_]\d{2}|20\d{6}|00\d|2[3-6]\d{2}|0\d{3}|1[0-2]\d{2})(?=$|[-_.:@])"
)
_VERSION = re.compile(r"[-_]v[01](?:\.\d+)?(?=$|[-_.:@])")
_WORD = re.compile(r"\d+x\d+b|\d+[bm](?![a-z])|[a-z]+|\d+")
_SAYS_NOTHING = frozenset({"instruct", "ins", "it", "chat", "hf", "latest", "preview", "meta"})


def words(name: str) -> tuple[str, ...]:
    """Return the words of a model name that tell one model from another."""
    plain = name.strip().lower().rpartition("/")[2]
    plain = _SPLIT_PART.sub("", _FILE_END.sub("", plain))
    plain = _FILE_END.sub("", plain)
    for pattern in (_QUANTISED, _DATED, _VERSION):
        plain = pattern.sub("", plain)
    return tuple(word for word in _WORD.findall(plain) if word not in _SAYS_NOTHING)


def load(user_file: Path | None = None, shipped: Path = SHIPPED) -> ModelCatalogue:
    """Return the user's entries before the shipped ones. Raises: ConfigInvalid.

    A user's file that is absent is none; the shipped one must be there.
    """
    ours = _read(shipped)
    if user_file is None or not user_file.exists():
        return ours
    theirs = _read(user_file)
    return ModelCatalogue(theirs.dated or ours.dated, theirs.model + ours.model)


def _read(path: Path) -> ModelCatalogue:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        found = _adapter().validate_python(values)
    except OSError as error:
        raise ConfigInvalid(f"{path} can't be read: {error.strerror}") from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, fault["loc"]))
        words = "unknown key" if fault["type"] == "unexpected_keyword_argument" else fault["msg"]
        raise ConfigInvalid(f"{path}: {key}: {words}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigInvalid(f"{path}: not valid TOML: {error}") from error
    for entry in found.model:
        numbers = (entry.ability, entry.ability_sd, *entry.abilities.values(), entry.params_b)
        if not all(math.isfinite(number) for number in numbers):
            raise ConfigInvalid(f"{path}: {entry.name}: a number is not finite")
    return found


@cache
def _adapter() -> TypeAdapter[ModelCatalogue]:
    return TypeAdapter(ModelCatalogue)


@lru_cache(maxsize=4)
def _index(
    patterns: tuple[tuple[str, ...], ...],
) -> tuple[Mapping[str, int], Mapping[tuple[str, ...], int]]:
    """Return the entries' places by pattern and by the patterns' words; the first one wins."""
    exact: dict[str, int] = {}
    by_words: dict[tuple[str, ...], int] = {}
    for place, entry_patterns in enumerate(patterns):
        for pattern in entry_patterns:
            exact.setdefault(pattern.lower(), place)
            by_words.setdefault(words(pattern), place)
    return exact, by_words
