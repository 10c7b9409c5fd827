"""What a check finds, and the scene it looks at; nothing is looked at here."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from routerd.connecting.clients import Surroundings
from routerd.core.config import Config
from routerd.settings.places import Places

Level = Literal["ok", "note", "warning", "problem"]
LEVELS: tuple[Level, ...] = ("ok", "note", "warning", "problem")


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer: what is so, why it matters, and the command or deed that mends it.

    `repair` mends it and says what it did; without `safe` a person is asked first, with `offer`.
    """

    level: Level
    what: str
    why: str = ""
    fix: str = ""
    repair: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    safe: bool = False
    offer: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """What all checks see. `status` is the running daemon's, None without one; `daemon_fault` is
    what something said that answers at its address and is none. `config` is the settings', the
    defaults where `config_fault` says why they can't be read. `seen` holds engines and models, the
    daemon's or looked for without it.
    """

    here: Places
    user: Path
    environ: Mapping[str, str]
    config: Config
    config_fault: str
    status: Mapping[str, Any] | None
    seen: Mapping[str, Any]
    daemon_fault: str = ""

    @property
    def surroundings(self) -> Surroundings:
        """This user's machine as `connecting` sees it."""
        return Surroundings(self.user, sys.platform, self.environ)

    @property
    def port(self) -> int:
        """The port in force: the running daemon's, else that of the settings."""
        if self.status is None:
            return self.config.port
        return int(str(self.status["base_url"]).rpartition(":")[2].partition("/")[0])

    def short(self, path: Path) -> str:
        """Return a path with the user's home as ~."""
        try:
            return str(Path("~") / path.relative_to(self.user))
        except ValueError:
            return str(path)


def posix() -> bool:
    """Whether files have owners and modes here."""
    return os.name == "posix"
