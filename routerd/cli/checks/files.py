"""Files of routerd's home and of its models: private, sound, with room to grow."""

import hashlib
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from routerd.cli.checks.finding import Finding, Scene, posix
from routerd.settings import places
from routerd.storage import inspection
from routerd.understanding import model_files

SCARCE_BYTES, FULL_BYTES = 2_000_000_000, 200_000_000
# models/plumbing/CARD.md
PLUMBING_SHA256 = "0c38ff2b02a8f8ece6ea3d2537983cbfb5b87bab8e30fb3c32b3927978aa6bb4"
REINSTALL = "pip install --force-reinstall --no-deps routerd"
# Written by people, and without secrets: others may read them, if the home lets them in at all.
_PUBLIC = frozenset({"config.toml", "policy.toml", "catalogue.toml"})


def permissions(scene: Scene) -> Iterator[Finding]:
    """Can anybody else read what is private?"""
    home = scene.here.home
    if not posix() or not home.exists():
        return
    open_ones = [path for path in _private(scene) if stat.S_IMODE(path.lstat().st_mode) & 0o077]
    for path in open_ones:
        mode = 0o700 if path.is_dir() else 0o600

        def tighten(path: Path = path, mode: int = mode) -> str:
            path.chmod(mode)
            return f"chmod {mode:o} {path}"

        secret = "token" in path.name
        yield Finding(
            "problem" if secret else "warning",
            f"{scene.short(path)} is open to other users ({stat.S_IMODE(path.stat().st_mode):o})",
            "whoever reads the token can ask your models" if secret else "it tells of your work",
            f"chmod {mode:o} {path}",
            tighten,
            safe=True,
        )
    if not open_ones:
        yield Finding("ok", f"{scene.short(home)} is private")


def _private(scene: Scene) -> Iterator[Path]:
    here = scene.here
    yield from (p for p in (here.home, here.run, here.log.parent, here.models) if p.is_dir())
    for path in sorted(here.home.iterdir()):
        if path.is_file() and not path.is_symlink() and path.name not in _PUBLIC:
            yield path


def disk(scene: Scene) -> Iterator[Finding]:
    """Is there room for history and models?"""
    place = scene.here.home
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    what = f"{free / 1e9:.1f} GB free where {scene.short(scene.here.home)} lies"
    if free < FULL_BYTES:
        why = "decisions are not remembered, and the audit log stops"
        yield Finding("problem", what, why, "make room on that disk")
    elif free < SCARCE_BYTES:
        yield Finding("warning", what, "a model of 7 billion takes 5 GB", "make room on that disk")
    else:
        yield Finding("ok", what)


def database(scene: Scene) -> Iterator[Finding]:
    """Is state.db sound, and written by this routerd or an older one?"""
    path = scene.here.database
    if not path.exists():
        yield Finding("note", "there is no history yet", "", 'routerd ask "hello"')
        return
    found = inspection.inspect(path)
    if found.fault:
        yield Finding(
            "problem",
            f"state.db {found.fault}",
            "the next start sets it aside and begins a fresh history; nothing is deleted",
            "routerd down && routerd up",
        )
    else:
        size = f"{found.bytes / 1e6:.1f} MB"
        counts = f"{found.requests:,} decisions, {found.memories:,} memories"
        yield Finding("ok", f"state.db is sound: {counts}, {size}")


def models(_: Scene) -> Iterator[Finding]:
    """Are the models that ship with routerd what was shipped?"""
    folder = places.shipped_model("router")
    try:
        labels = model_files.read_labels(folder)
        for name in (model_files.MODEL_FILE, model_files.TOKENIZER_FILE):
            model_files.read_verified(folder, name, labels)
    except model_files.ModelUnusable as error:
        why = "requests are not understood: all count as 'other', of middling complexity"
        yield Finding("problem", f"the classifier is {error}", why, REINSTALL)
    else:
        yield Finding("ok", f"the classifier's files are as shipped ({labels.version})")
    plumbing = places.shipped_model("plumbing") / "plumbing.gguf"
    if not plumbing.exists():
        yield Finding("note", "the plumbing check is not installed")
    elif hashlib.sha256(plumbing.read_bytes()).hexdigest() != PLUMBING_SHA256:
        yield Finding("problem", f"{plumbing} is not as shipped", "", REINSTALL)
    else:
        yield Finding("ok", "the plumbing check is as shipped")
