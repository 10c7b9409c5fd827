"""Finds API keys that lie in plain text in the files of coding tools and shells; changes nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Relative to the home directory; what a tool or a person is known to put a key into.
FILES = (
    ".env",
    ".bashrc",
    ".bash_profile",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".config/fish/config.fish",
    ".claude.json",
    ".claude/settings.json",
    ".claude-code-router/config.json",
    ".codex/auth.json",
    ".codex/config.toml",
    ".aider.conf.yml",
    ".continue/config.json",
    ".continue/config.yaml",
    ".continue/.env",
    ".config/opencode/opencode.json",
    ".local/share/opencode/auth.json",
    ".config/zed/settings.json",
    ".config/io.datasette.llm/keys.json",
    ".config/Code/User/settings.json",
    ".cursor/mcp.json",
    ".gemini/.env",
    ".gemini/settings.json",
    "Library/Application Support/Code/User/settings.json",
    "AppData/Roaming/Code/User/settings.json",
)
MAX_BYTES = 1_000_000
# By its own form, the narrower ones first; else by the name of the variable it stands in.
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("anthropic", re.compile(r"\bsk-ant-[A-Za-z0-9_-]{20,}")),
    ("openrouter", re.compile(r"\bsk-or-[A-Za-z0-9_-]{20,}")),
    ("openai", re.compile(r"\bsk-(?!ant-|or-)[A-Za-z0-9_-]{20,}")),
    ("gemini", re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b")),
    ("groq", re.compile(r"\bgsk_[A-Za-z0-9]{20,}")),
    ("xai", re.compile(r"\bxai-[A-Za-z0-9]{20,}")),
)
_NAMED = re.compile(
    r"\b(MISTRAL|DEEPSEEK|TOGETHER|CEREBRAS)_API_KEY[\"']?\s*[:=]\s*[\"']?([A-Za-z0-9_-]{20,})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A key in a file. `secret` is kept out of `repr`."""

    vendor: str
    path: Path
    line: int
    secret: str = field(repr=False)


def find(home: Path) -> list[Found]:
    """Return the keys in the known files below `home`; a file that can't be read has none."""
    return [found for name in FILES for found in _in_file(home / name)]


def _in_file(path: Path) -> Iterator[Found]:
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for number, line in enumerate(text.split("\n"), 1):
        for vendor, secret in _in_line(line):
            yield Found(vendor, path, number, secret)


def _in_line(line: str) -> Iterator[tuple[str, str]]:
    for vendor, form in _FORMS:
        for match in form.finditer(line):
            yield vendor, match[0]
    for match in _NAMED.finditer(line):
        yield match[1].lower(), match[2]
