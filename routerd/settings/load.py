"""config.toml to Config; an error names file, line and key."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ConfigDict, TypeAdapter, ValidationError

from routerd.core import config as settings
from routerd.core.config import Config, ProviderConfig
from routerd.core.errors import ConfigInvalid
from routerd.policy import wish

_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
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


def load(path: Path) -> Config:
    """Return the settings; an absent file means all defaults. Raises: ConfigInvalid."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path} can't be read: {error}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """Return the settings in `text`; `path` is for messages. Raises: ConfigInvalid."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(f"{path}: not valid TOML: {error}") from error
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
        known = "unknown key" if fault["type"] == "unexpected_keyword_argument" else fault["msg"]
        lines.append(f"{path}:{line_of(text, where)}: {key}: {known}")
    return "\n".join(lines)


def line_of(text: str, where: Sequence[str | int]) -> int:
    """Return the 1-based line of a key path such as ("provider", 0, "kind").

    Falls back to the nearest enclosing table, then to line 1: inline tables have no line of
    their own.
    """
    best, best_depth = 1, 0
    table: list[str | int] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
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
    if len(here) > len(where) or list(here) != list(where[: len(here)]):
        return 0
    return len(here)


def _checked(config: Config, text: str, path: Path) -> Config:
    """Check what types can't say, and write `localhost` as the address it means."""

    def fail(where: list[str | int], message: str) -> ConfigInvalid:
        key = ".".join(map(str, where))
        return ConfigInvalid(f"{path}:{line_of(text, where)}: {key}: {message}")

    if not 0 <= config.port <= 65535:
        raise fail(["port"], "must be from 0 (any free port) to 65535")
    known = {**wish.BUILT_IN_PROFILES, **config.profiles}
    if config.profile not in known:
        raise fail(["profile"], f"no such profile; there are {', '.join(sorted(known))}")
    names = [provider.name for provider in config.provider]
    for i, provider in enumerate(config.provider):
        where: list[str | int] = ["provider", i]
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", provider.name):
            raise fail([*where, "name"], "must be lower-case letters, digits, '.', '_' or '-'")
        if names.count(provider.name) > 1:
            raise fail([*where, "name"], "two providers have this name")
        if fault := _address_fault(provider):
            raise fail([*where, "base_url"], fault)
    return replace(config, provider=tuple(_with_numbers(p) for p in config.provider))


def _address_fault(provider: ProviderConfig) -> str:
    if provider.kind == "llamacpp":
        return "" if not provider.base_url else "the embedded engine has no address"
    if not provider.base_url:
        return "" if provider.kind == "ollama" else "is missing"
    try:
        parts = urlsplit(provider.base_url)
        parts.port  # noqa: B018  # raises ValueError for a bad port
    except ValueError as error:
        return str(error)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "must be http://HOST[:PORT][/PATH] or https://…"
    if parts.username or parts.password:
        return "must not hold a password; store it with `routerd keys set`"
    loopback = parts.hostname in ("localhost", "::1") or parts.hostname.startswith("127.")
    if provider.zone == "device" and not loopback:
        return 'is on another machine; say zone = "network" or zone = "cloud"'
    return ""


def _with_numbers(provider: ProviderConfig) -> ProviderConfig:
    parts = urlsplit(provider.base_url)
    if parts.hostname != "localhost":
        return provider
    netloc = parts.netloc.replace("localhost", "127.0.0.1", 1)
    return replace(provider, base_url=parts._replace(netloc=netloc).geturl())
