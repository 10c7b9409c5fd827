"""Paths of one routerd home and their permissions; opens nothing but what it must create."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from routerd.core.errors import ConfigInvalid

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, with the closing NUL.
_MAX_SOCKET_PATH = 100


@dataclass(frozen=True, slots=True)
class Places:
    """Every path below one home."""

    home: Path

    @property
    def config(self) -> Path:
        """config.toml, written by the user."""
        return self.home / "config.toml"

    @property
    def policy(self) -> Path:
        """policy.toml, written by the user."""
        return self.home / "policy.toml"

    @property
    def mode(self) -> Path:
        """Whether offline mode was switched on by command; it outlives the daemon."""
        return self.home / "mode.json"

    @property
    def audit(self) -> Path:
        """The audit log's file in use."""
        return self.home / "audit.log"

    @property
    def token(self) -> Path:
        """The bearer token clients send."""
        return self.home / "token"

    @property
    def client_tokens(self) -> Path:
        """The tokens of connected clients, as JSON."""
        return self.home / "client_tokens.json"

    def connection(self, client: str) -> Path:
        """Return where it is kept what a client's settings held before it was connected."""
        return self.home / "connections" / client

    @property
    def database(self) -> Path:
        """state.db."""
        return self.home / "state.db"

    @property
    def lock(self) -> Path:
        """The file whose flock says that a daemon runs."""
        return self.home / "daemon.lock"

    @property
    def run(self) -> Path:
        """Things that live as long as one daemon: endpoint.json, sockets."""
        return self.home / "run"

    @property
    def endpoint(self) -> Path:
        """Where the running daemon listens, as JSON."""
        return self.run / "endpoint.json"

    @property
    def log(self) -> Path:
        """The daemon's log."""
        return self.home / "logs" / "routerd.log"

    @property
    def models(self) -> Path:
        """GGUF files for the embedded engine."""
        return self.home / "models"

    @property
    def mcp_socket(self) -> Path:
        """The MCP socket; a long home moves it to a short private directory of this user."""
        path = self.run / "mcp.sock"
        if len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
            return path
        import hashlib  # with tempfile 10 ms that only a long home need cost
        import tempfile

        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"routerd-{_uid()}-{digest}" / "mcp.sock"


def _uid() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def find() -> Places:
    """Return the places of `ROUTERD_HOME`, else of this user's data directory."""
    chosen = os.environ.get("ROUTERD_HOME")
    if not chosen:
        import platformdirs  # 10 ms that a chosen home need not cost

        chosen = platformdirs.user_data_dir("routerd", appauthor=False)
    return Places(Path(chosen).expanduser().absolute())


def private_directory(path: Path) -> None:
    """Make `path` (and its parents) with mode 0700; tighten it where it is ours but open.

    Raises: ConfigInvalid for a symlink or a directory of another user: what is written there
    would be somebody else's to read.
    """
    try:
        _make(path)
        found = path.lstat()
    except OSError as error:
        raise ConfigInvalid(
            f"{path} can't be made: {error.strerror}; set ROUTERD_HOME to a directory of your own."
        ) from error
    if stat.S_ISLNK(found.st_mode):
        raise ConfigInvalid(
            f"{path} is a symbolic link; set ROUTERD_HOME to the directory it stands for."
        )
    if not stat.S_ISDIR(found.st_mode):
        raise ConfigInvalid(f"{path} is not a directory; move it away and start again.")
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        raise ConfigInvalid(
            f"{path} belongs to another user (uid {found.st_uid}); "
            "set ROUTERD_HOME to a directory of your own."
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)


def _make(path: Path) -> None:
    """Make a directory and its parents, each 0700: `mkdir(parents=True)` leaves those to umask."""
    if not os.path.lexists(path):
        _make(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def prepare(places: Places) -> None:
    """Make the directories a daemon needs. Raises: ConfigInvalid."""
    for path in (places.home, places.run, places.log.parent, places.models):
        private_directory(path)
    private_directory(places.mcp_socket.parent)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 atomically; never through a symlink."""
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def ensure_token(path: Path) -> tuple[str, str]:
    """Return (token, warning); made anew when absent, unfit, or when others could have read it."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return _new_token(path), ""
    ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    if not stat.S_ISREG(found.st_mode) or not ours or stat.S_IMODE(found.st_mode) & 0o077:
        return _new_token(path), f"{path} was readable by others; a new token was made"
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if re.fullmatch(r"[!-~]{32,}", text):
        return text, ""
    return _new_token(path), f"{path} held no token; a new one was made"


def _new_token(path: Path) -> str:
    import secrets  # 10 ms that only a new token costs

    token = "rd-" + secrets.token_urlsafe(32)
    write_private(path, token + "\n")
    return token


def shipped_model(name: str) -> Path:
    """Return the directory of a model that ships with routerd (wheel or source tree)."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_models" / name
    return installed if installed.is_dir() else package.parent / "models" / name
