"""config.toml to Config; an error names file, line and key."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import cache
from operator import attrgetter
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ConfigDict, TypeAdapter, ValidationError

from routerd.core import config as settings
from routerd.core.config import Config, ProviderConfig, Weights
from routerd.core.errors import ConfigInvalid
from routerd.policy import wish
from routerd.settings import clouds, whole_file
from routerd.settings.engines import is_this_machine

# What types can't say: key, lowest and highest value.
_BOUNDS: tuple[tuple[str, float, float], ...] = (
    ("port", 0, 65535),
    ("max_body_mib", 1, 1024),
    ("llamacpp.context_tokens", 0, 100_000_000),
    ("llamacpp.gpu_layers", -1, 10_000),
    ("llamacpp.threads", 0, 1024),
    ("llamacpp.max_loaded", 1, 64),
    ("understanding.intra_op_threads", 1, 64),
    ("understanding.max_tokens", 8, 512),
    ("understanding.budget_ms", 1, 60_000),
    ("timeouts.connect_s", 0.01, 86_400),
    ("timeouts.first_token_s", 0.01, 86_400),
    ("timeouts.whole_answer_s", 0.01, 86_400),
    ("timeouts.idle_s", 0.01, 86_400),
    ("timeouts.drain_s", 0, 86_400),
)
# The validator's own words for these speak of Python.
WORDS = {
    "unexpected_keyword_argument": "unknown key",
    "missing": "is missing",
    "tuple_type": "must be tables with two brackets: [[provider]]",
    "dataclass_type": "must be a table",
}
_ADDRESS_FORM = "must be http://HOST[:PORT][/PATH] or https://…"
_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
AT_LINE = re.compile(r"\(at line (\d+), column \d+\)$")
_KEY = re.compile(r"""^\s*["']?([\w.-]+)["']?\s*=""")


@cache
def _adapter() -> TypeAdapter[Config]:
    """Build the validator once (~10 ms). Unknown keys are errors at every depth."""
    for kind in (
        settings.Config,
        settings.ProviderConfig,
        settings.Weights,
        settings.Profile,
        settings.LlamaCppConfig,
        settings.UnderstandingConfig,
        settings.Timeouts,
    ):
        # Set from here, so that core knows nothing of pydantic.
        setattr(kind, "__pydantic_config__", ConfigDict(extra="forbid"))  # noqa: B010
    return TypeAdapter(Config)


def load(path: Path, *, was_there: bool = False) -> Config:
    """Return the settings; an absent file means all defaults.

    Waits for a file that is being saved, as `policy_file.load` does. Raises: ConfigInvalid.
    """
    try:
        text = whole_file.read(path, before="" if was_there else None)
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path} can't be read: {error}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """Return the settings in `text`; `path` is for messages. Raises: ConfigInvalid."""
    try:
        values = tomllib.loads(text)
    except RecursionError:
        raise ConfigInvalid(f"{path}: not valid TOML: nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits is no TOMLDecodeError
        at = AT_LINE.search(str(error))
        line = at[1] if at else text.count("\n") + 1
        raise ConfigInvalid(f"{path}:{line}: not valid TOML: {error}") from error
    try:
        config = _adapter().validate_python(values)
    except ValidationError as error:
        raise ConfigInvalid(_explain(error, text, path)) from error
    return _checked(config, text, path)


def _explain(error: ValidationError, text: str, path: Path) -> str:
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        where = list(fault["loc"])
        key = ".".join(map(str, where))
        words = WORDS.get(fault["type"], fault["msg"])
        lines.append(f"{path}:{line_of(text, where)}: {key}: {words}")
    return "\n".join(lines)


def line_of(text: str, where: Sequence[str | int]) -> int:
    """Return the 1-based line of a key path such as ("provider", 0, "kind").

    Falls back to the nearest enclosing table, then to line 1: inline tables have no line of
    their own.
    """
    best, best_depth = 1, 0
    table: list[str | int] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):  # splitlines() cuts at U+2028 too
        if header := _TABLE.match(line):
            name = header[2].replace('"', "").strip()
            table = [part.strip() for part in name.split(".")]
            if header[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
                table.append(counts[name])
            here = table
        elif key := _KEY.match(line):
            here = [*table, *key[1].split(".")]
        else:
            continue
        depth = _shared(here, where)
        if depth > best_depth:
            best, best_depth = number, depth
    return best


def _shared(here: Sequence[str | int], where: Sequence[str | int]) -> int:
    """Return how far `here` leads along `where`; 0 when it leads elsewhere."""
    depth = min(len(here), len(where))
    return depth if list(here[:depth]) == list(where[:depth]) else 0


def _checked(config: Config, text: str, path: Path) -> Config:
    """Check what types can't say, and write `localhost` as the address it means."""

    def fail(where: Sequence[str | int], message: str) -> ConfigInvalid:
        key = ".".join(map(str, where))
        return ConfigInvalid(f"{path}:{line_of(text, where)}: {key}: {message}")

    for key, value, low, high in _numbers(config):
        if not low <= value <= high:
            raise fail(key, f"must be from {low} to {high}")
    known = {**wish.BUILT_IN_PROFILES, **config.profiles}
    if config.profile not in known:
        raise fail(["profile"], f"no such profile; there are {', '.join(sorted(known))}")
    names = [provider.name for provider in config.provider]
    for i, provider in enumerate(config.provider):
        if fault := _name_fault(provider.name, names[:i]):
            raise fail(["provider", i, "name"], fault)
        if fault := _address_fault(provider):
            raise fail(["provider", i, "base_url"], fault)
    return replace(config, provider=tuple(_with_numbers(p) for p in config.provider))


def _numbers(config: Config) -> Iterator[tuple[tuple[str | int, ...], float, float, float]]:
    """Yield (key path, value, lowest, highest) of every number; NaN is within no bounds."""
    for key, low, high in _BOUNDS:
        yield tuple(key.split(".")), attrgetter(key)(config), low, high
    weighed: list[tuple[tuple[str, ...], Weights]] = [(("weights",), config.weights)]
    for name, profile in config.profiles.items():
        weighed.append((("profiles", name, "weights"), profile.weights))
        yield ("profiles", name, "floor"), profile.floor, 0, 1
    for where, weights in weighed:
        for term in fields(weights):
            yield (*where, term.name), getattr(weights, term.name), 0, 1000
    for i, provider in enumerate(config.provider):
        yield ("provider", i, "context_tokens"), provider.context_tokens, 0, 100_000_000


def _name_fault(name: str, taken: Sequence[str]) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name):
        return "must be lower-case letters, digits, '.', '_' or '-'"
    return "another provider has this name already" if name in taken else ""


def _address_fault(provider: ProviderConfig) -> str:
    if provider.kind == "llamacpp":
        return "" if not provider.base_url else "the embedded engine has no address"
    if not provider.base_url:
        found_by_kind = provider.kind in ("ollama", "lmstudio", *clouds.CLOUDS)
        return "" if found_by_kind else "is missing"
    try:
        parts = urlsplit(provider.base_url)
        parts.port  # noqa: B018  # raises ValueError for a bad port
    except ValueError:
        # Its text quotes the address, where a mistyped one can hold a password.
        return _ADDRESS_FORM
    if parts.username or parts.password:
        return "must not hold a password; store it with `routerd keys set`"
    unfit = parts.query or parts.fragment or re.search(r"[\s\x00-\x1f]", provider.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or unfit:
        return _ADDRESS_FORM
    return _placement_fault(provider, parts.scheme, is_this_machine(parts.hostname))


def _placement_fault(provider: ProviderConfig, scheme: str, here: bool) -> str:
    is_cloud = provider.kind in clouds.CLOUDS
    if is_cloud and scheme == "http" and not here:
        return "must be https://: a key would go over the network in the clear"
    if provider.zone == "device" and not is_cloud and not here:
        return 'is on another machine; say zone = "network" or zone = "cloud"'
    return ""


def _with_numbers(provider: ProviderConfig) -> ProviderConfig:
    parts = urlsplit(provider.base_url)
    if parts.hostname != "localhost":
        return provider
    netloc = "127.0.0.1" if parts.port is None else f"127.0.0.1:{parts.port}"
    return replace(provider, base_url=parts._replace(netloc=netloc).geturl())
