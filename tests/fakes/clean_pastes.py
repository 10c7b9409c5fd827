"""What people paste beside prose and what holds no secret: sources, settings, locks, diffs, ids.

Sources are the interpreter's own library, which lies on every machine that runs the tests.
"""

import base64
import difflib
import hashlib
import random
import string
import sysconfig
import uuid
from collections.abc import Iterator
from pathlib import Path

# A paste is seldom longer.
LONGEST = 60_000
LIBRARY = Path(sysconfig.get_paths()["stdlib"])
ROOT = Path(__file__).parents[2]


def sources(count: int) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) of so many files of each kind."""
    packages = Path(sysconfig.get_paths()["purelib"])
    kinds = (
        ("library", LIBRARY, "**/*.py", ("site-packages", "/test/", "idle_test")),
        ("library's tests", LIBRARY / "test", "*.py", ()),
        ("packages", packages, "*/*.py", ()),
        ("documents", packages, "*.dist-info/METADATA", ()),
        ("settings", ROOT, "*/**/*.toml", (".venv",)),
    )
    for kind, root, pattern, without in kinds:
        paths = sorted(p for p in root.glob(pattern) if not any(w in str(p) for w in without))
        random.Random(1).shuffle(paths)  # the same every time
        for path in paths[:count]:
            try:
                text = path.read_bytes()[:LONGEST].decode("utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            if len(text) > 50:
                yield kind, text


def made(count: int) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) of so many made ones of each kind."""
    rng = random.Random(3)  # the same every time
    for _ in range(count):
        yield "lock file", _lock(rng)
        yield "ids and hashes", _ids(rng)
        yield (
            "image",
            f'<img src="data:image/png;base64,{base64.b64encode(rng.randbytes(6000)).decode()}">',
        )
        yield "minified", _minified(rng)
    lines = [path.read_text("utf-8").splitlines() for path in sorted(ROOT.glob("routerd/*/*.py"))]
    for old in rng.sample(lines, min(count, len(lines))):
        new = [line.replace("return", "yield") for line in old if rng.random() > 0.1]
        yield "diff", "\n".join(difflib.unified_diff(old, new, "a/x.py", "b/x.py", lineterm=""))


def _lock(rng: random.Random) -> str:
    entries = []
    for number in range(20):
        digest = base64.b64encode(hashlib.sha512(rng.randbytes(8)).digest()).decode()
        entries.append(
            f'"node_modules/pkg-{number}": {{"version": "{number}.2.1", '
            f'"resolved": "https://registry.local/pkg-{number}/-/pkg-{number}-{number}.2.1.tgz", '
            f'"integrity": "sha512-{digest}", "engines": {{"node": ">=18"}}}}'
        )
    return "{" + ",\n".join(entries) + "}"


def _ids(rng: random.Random) -> str:
    rows = []
    for number in range(40):
        sha, made_up = rng.randbytes(20).hex(), uuid.UUID(bytes=rng.randbytes(16), version=4)
        rows.append(
            rng.choice(
                (
                    f"2026-11-0{number % 9 + 1}T10:00:01Z INFO request_id={made_up} took {number} ms",
                    f"commit {sha}\ntree {rng.randbytes(20).hex()}",
                    f"{hashlib.sha256(sha.encode()).hexdigest()}  build/app-{number}.whl",
                    f'"etag": "W/\\"{rng.randbytes(8).hex()}\\"", "session": "{made_up}"',
                    f"FROM registry.local/app@sha256:{rng.randbytes(32).hex()}",
                )
            )
        )
    return "\n".join(rows)


def _minified(rng: random.Random) -> str:
    names = ["".join(rng.choices(string.ascii_letters, k=2)) for _ in range(400)]
    return ";".join(
        f"var {a}={b}.{a}||function({a},{b}){{return {a}[{n}]?{b}:{a}.token=e.{b}}}"
        for n, (a, b) in enumerate(zip(names[::2], names[1::2], strict=True))
    )
