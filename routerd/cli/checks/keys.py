"""Keys: is there a keyring that keeps them, can each be read, does one lie about in plain text."""

from collections.abc import Iterator

from routerd.cli.checks.finding import Finding, Scene
from routerd.connecting import connection
from routerd.core.errors import RouterdError
from routerd.credentials import plaintext
from routerd.credentials.keyring_store import KeyringStore, origin_of
from routerd.settings import clouds, known_keys

_MEND = {
    "locked": "unlock it: log in to the desktop, or `gnome-keyring-daemon --unlock`",
    "not one that keeps": "pip uninstall keyrings.alt, and set up Secret Service",
    "no session bus": "dbus-run-session -- sh -c 'gnome-keyring-daemon --unlock; routerd up'",
}


def keyring(scene: Scene) -> Iterator[Finding]:
    """Is there a keyring, of a kind that keeps secrets, and is it open?"""
    store = KeyringStore()
    backend, trouble = store.check()
    needed = bool(_stored(scene)) or any(p.key or p.zone == "cloud" for p in scene.config.provider)
    if not trouble:
        yield Finding("ok", f"the keyring answers ({backend})")
        return
    fix = next((mend for sign, mend in _MEND.items() if sign in trouble), "see your system's help")
    yield Finding(
        "problem" if needed else "note",
        trouble.rstrip("."),
        "keys are kept there and nowhere else; without it no cloud can be used",
        fix,
    )


def _stored(scene: Scene) -> dict[str, str]:
    try:
        return known_keys.load(scene.here.home)
    except RouterdError:
        return {}


def stored_keys(scene: Scene) -> Iterator[Finding]:
    """Can each key that was stored be read?"""
    try:
        names = known_keys.load(scene.here.home)
    except RouterdError as error:
        yield Finding("problem", error.message, "clouds are not looked for")
        return
    store = KeyringStore()
    for name, origin in names.items():
        if store.get(name, origin) is not None:
            yield Finding("ok", f"the key {name} can be read; it is only sent to {origin}")
        else:
            why = f"{name}'s models can't be used"
            yield Finding("problem", store.trouble, why, f"routerd keys set {name}")


def plain_text(scene: Scene) -> Iterator[Finding]:
    """Do keys lie in files that every program of this user can read?"""
    found = plaintext.find(scene.user)
    for one in found:

        def move(one: plaintext.Found = one) -> str:
            return _move(scene, one)

        yield Finding(
            "warning",
            f"a key of {one.vendor} in plain text: {scene.short(one.path)}, line {one.line}",
            "every program you start can read it, and backups and sync carry it away",
            f"routerd keys set {one.vendor}, then take it out of the file",
            move if one.vendor in clouds.CLOUDS else None,
            offer="move it into the keyring, and out of the file that other tools may read it from",
        )
    if not found:
        yield Finding("ok", "no keys in plain text in the files of tools and shells")


def _move(scene: Scene, one: plaintext.Found) -> str:
    """Store the key in the keyring, then blank it in the file. Raises: RouterdError."""
    origin = origin_of(clouds.CLOUDS[one.vendor].base_url)
    KeyringStore().set(one.vendor, origin, one.secret)
    known_keys.add(scene.here.home, one.vendor, origin)
    text = one.path.read_bytes().decode("utf-8", "surrogateescape")
    blanked = text.replace(one.secret, "").encode("utf-8", "surrogateescape")
    connection.replace_file(one.path.resolve(), blanked)
    return f"the key of {one.vendor} is in the keyring, and gone from {one.path}"


def environment(scene: Scene) -> Iterator[Finding]:
    """Are keys in the environment, and are they used?"""
    names = [cloud.env_key for cloud in clouds.CLOUDS.values() if scene.environ.get(cloud.env_key)]
    if not names:
        return
    told = ", ".join(names)
    if scene.config.allow_env_keys:
        yield Finding("note", f"{told}: used from the environment (allow_env_keys)")
    else:
        yield Finding(
            "note",
            f"{told}: set in the environment and not used by routerd",
            "a key in the environment is handed to every program you start",
            f"routerd keys set {_vendor(names[0])}",
        )


def _vendor(variable: str) -> str:
    return next(name for name, cloud in clouds.CLOUDS.items() if cloud.env_key == variable)
