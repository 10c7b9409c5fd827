"""Loads all labelled prompts and turns them into what the model is taught on.

Texts come from `routerd.understanding.input_text`, the function the daemon calls; rows that a
rule of the daemon answers (fill-in-the-middle markers, steering turns) carry its answer in
`rule` and are not taught.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from routerd.core.features import TASKS
from routerd.core.request import Message, Request, Text, ToolResult
from routerd.understanding.control_turns import is_steering
from routerd.understanding.input_text import build_input, is_control_turn, is_fim
from routerd.understanding.language_clues import evident_language

DATA = Path(__file__).parent / "data"

Origin = Literal[
    "held_out", "real", "harvested", "written", "constructed", "calibration", "generated"
]
# The first origin that holds a text keeps it: what scores the model is never taught, and labels
# read by a person go before labels by rule. What fits the confidence is nothing that was taught.
ORIGINS: tuple[Origin, ...] = (
    "held_out",
    "real",
    "harvested",
    "written",
    "constructed",
    "calibration",
)
UNTAUGHT: tuple[Origin, ...] = ("held_out", "calibration")

LANGUAGES = (
    "none",
    *("python", "javascript", "typescript", "java", "go", "rust", "c", "cpp", "csharp", "php"),
    *("ruby", "kotlin", "swift", "scala", "sql", "bash", "html", "css", "lua", "r", "matlab"),
    *("yaml", "dart", "perl", "powershell", "haskell", "dockerfile"),
)
_LANGUAGE_NAMES = {"shell": "bash", "docker": "dockerfile", "scss": "css", "vue": "javascript"}

ORIGIN_WEIGHTS: Mapping[Origin, float] = {
    "held_out": 0.0,
    "real": 3.0,
    "harvested": 3.0,
    "written": 2.0,
    "constructed": 1.0,
    "calibration": 0.0,
    "generated": 1.0,
}
# How close each kind of constructed prompt is to what people type.
_KIND_WEIGHTS = {
    "ide_template": 0.6,
    "benchmark": 0.4,
    "commit_subject_proxy": 0.3,
    "real": 1.0,
    "fim": 0.5,
}
RETOLD = "retold"
"""Kind of a row that says a prompt in other words (`retold.py`)."""
_CONTRAST, _CONTRAST_WEIGHT = "written/contrast_", 0.5
"""Many of them make the network surer and less likely right on prompts that nobody twisted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled prompt.

    `task` indexes TASKS; `complexity` 0..1 or None where nobody judged it; `language` indexes
    LANGUAGES or None where unknown. `group` is the repository it comes from. `rule`: the task the
    daemon's rules give, '' for none. `original`: digest of the English text it says in another
    language, or of the prompt that it says in other words; '' where it says none.
    """

    text: str
    task: int
    complexity: float | None
    language: int | None
    group: str
    origin: Origin
    kind: str
    weight: float
    rule: str = ""
    original: str = ""

    @property
    def is_taught(self) -> bool:
        """Whether it is taught: not what scores or calibrates, what rules answer, and commits."""
        return self.origin not in UNTAUGHT and not self.rule and self.kind != "commit_subject_proxy"

    @property
    def by_people(self) -> bool:
        """Whether somebody typed it in a session of theirs."""
        return self.origin in ("real", "harvested", *UNTAUGHT)


def load_rows(data: Path = DATA, origins: Sequence[Origin] = ORIGINS) -> list[Row]:
    """Return all rows of `origins`, exact repeats of a text dropped, in a fixed order."""
    seen: set[str] = set()
    rows = []
    for origin in origins:
        for source, value in records(data, origin):
            row = make_row(value, origin, source)
            key = hashlib.sha256(row.text.lower().encode()).hexdigest()
            if key not in seen:
                seen.add(key)
                rows.append(row)
    return rows


def make_row(value: Mapping[str, Any], origin: Origin, source: str) -> Row:
    """Turn one record into a row. Raises: KeyError or ValueError for a label out of range."""
    if value["task"] not in TASKS:
        raise ValueError(f"{source}: {value['task']!r} is not one of the tasks")
    request = to_request(value)
    text = build_input(request)
    level = value.get("complexity")
    kind = str(value.get("kind", origin))
    weight = ORIGIN_WEIGHTS[origin] * float(value.get("confidence", 1.0))
    if origin == "constructed":
        weight *= _KIND_WEIGHTS.get(kind, 1.0)
    if source.startswith(_CONTRAST):
        weight *= _CONTRAST_WEIGHT
    return Row(
        text=text,
        task=TASKS.index(value["task"]),
        complexity=None if level is None else (float(level) - 1) / 4,
        language=_language(str(value.get("language", "unknown")), text, origin),
        group=group_of(source),
        origin=origin,
        kind=kind,
        weight=weight,
        rule=_rule(request, text),
        original=str(value.get("original", "")),
    )


def digest_of(text: str) -> str:
    """Return what names a text in `Row.original`: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def to_request(value: Mapping[str, Any]) -> Request:
    """Build the request a client would have sent: `messages`, or one user turn of `prompt`."""
    if "messages" not in value:
        return Request(messages=(Message("user", (Text(str(value["prompt"])),)),))
    messages = []
    for message in value["messages"]:
        content = str(message["content"])
        part = ToolResult("", content) if message["role"] == "tool" else Text(content)
        messages.append(Message(message["role"], (part,)))
    return Request(messages=tuple(messages))


def group_of(source: str) -> str:
    """Return the repository (or file) behind a source name such as "commit-subject:a/b"."""
    name = source.split(" x ")[0]
    prefix, _, rest = name.partition(":")
    if rest and "/" in rest and " " not in prefix:
        name = rest
    return name.split(" ")[0]


def _rule(request: Request, text: str) -> str:
    if is_fim(request):
        return "completion"
    if is_steering(text):
        return "other"
    # With earlier turns at hand a steering turn is read as the ask before it, whose label the
    # record does not give.
    return "inherited" if is_control_turn(request) else ""


def _language(name: str, text: str, origin: Origin) -> int | None:
    """Return the label's index, None where nothing in the text shows what it says.

    Those who read sessions or wrote prompts knew the project's language; a network that is taught
    to guess it from nothing then guesses where people see none.
    """
    name = _LANGUAGE_NAMES.get(name, name)
    if name not in LANGUAGES:
        return None
    unseen = origin in ("harvested", "written") and name != "none" and not evident_language(text)
    return None if unseen else LANGUAGES.index(name)


def records(data: Path, origin: Origin) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (source name, record) of one origin."""
    if origin == "written":
        for path in sorted((data / "written").glob("*.jsonl")):
            for value in _lines(path.read_text(encoding="utf-8").splitlines()):
                yield f"written/{path.stem}", value
        return
    read = origin in ("harvested", *UNTAUGHT)
    path = data / origin / "real.jsonl" if read else data / f"{origin}.jsonl.gz"
    if not path.exists():
        return
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    for value in _lines(text.split("\n")):
        yield str(value["source"]), value


def packed_lines(path: Path) -> list[str]:
    """Return the lines of a gzipped file of what readers said. Raises: FileNotFoundError."""
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def _lines(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        if line.strip():
            yield json.loads(line)
