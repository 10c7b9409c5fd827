"""Builds one archive from which routerd is installed where there is no network.

    python packaging/airgap/build_bundle.py --output routerd-airgap.tar.gz --key ~/.ssh/id_ed25519

Run it on a machine with a network, with the Python that the other machine has (or say --platform
and --python). In the archive: wheels with hashes, the installer, a bill of materials, checksums,
and with --key a signature made by ssh-keygen over the checksums.
"""

import argparse
import email
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALLER = Path(__file__).with_name("install_bundle.py")
NAMESPACE, SUMS = "routerd-bundle", "SHA256SUMS"


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        description="Build an archive to install routerd without a network.",
        epilog="example:\n  build_bundle.py --output bundle.tar.gz --model qwen.gguf --key key",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, required=True, help="the .tar.gz to write")
    parser.add_argument("--wheels", type=Path, help="take these wheels; nothing is downloaded")
    parser.add_argument("--extras", default="embedded", help="extras of routerd, comma-separated")
    parser.add_argument(
        "--platform", action="append", default=[], help="such as manylinux_2_28_x86_64"
    )
    parser.add_argument("--python", default="", help="the other machine's Python, such as 3.11")
    parser.add_argument(
        "--model", type=Path, action="append", default=[], help="a .gguf to take along"
    )
    parser.add_argument("--key", type=Path, help="an ssh key to sign the checksums with")
    return parser.parse_args()


def main() -> int:
    """Build the archive and say what is in it."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "routerd-airgap"
        wheels = bundle / "wheels"
        wheels.mkdir(parents=True)
        gather(asked, wheels)
        entries = [described(path) for path in sorted(wheels.glob("*.whl"))]
        (bundle / "requirements.txt").write_text(requirements(entries), encoding="utf-8")
        (bundle / "sbom.json").write_text(json.dumps(sbom(entries), indent=2), encoding="utf-8")
        shutil.copy(INSTALLER, bundle / "install.py")
        for model in asked.model:
            (bundle / "models").mkdir(exist_ok=True)
            shutil.copy(model, bundle / "models" / model.name)
        write_sums(bundle)
        if asked.key:
            sign(bundle / SUMS, asked.key)
        pack(bundle, asked.output)
    size = asked.output.stat().st_size / 1e6
    print(f"{asked.output}: {len(entries)} wheels, {size:.1f} MB")
    print(f"sha256 {sha256(asked.output)}; {'signed' if asked.key else 'not signed'}")
    return 0


def gather(asked: argparse.Namespace, wheels: Path) -> None:
    """Fill the folder with wheels: copied, or built and downloaded."""
    if asked.wheels:
        for path in asked.wheels.glob("*.whl"):
            shutil.copy(path, wheels)
        return
    # On a terminal pip draws how far it is; some of the wheels are large.
    quiet = [] if sys.stdout.isatty() else ["-q"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", *quiet]
    run([*pip, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(ROOT)])
    (own,) = wheels.glob("routerd-*.whl")
    target = [f"--platform={name}" for name in asked.platform]
    target += [f"--python-version={asked.python}"] if asked.python else []
    wanted = f"{own}[{asked.extras}]" if asked.extras else str(own)
    run([*pip, "download", "--only-binary=:all:", *target, "--dest", str(wheels), wanted])


def run(command: list[str], **more: object) -> None:
    """Run a command; where it fails its words are the error."""
    subprocess.run(command, check=True, **more)  # type: ignore[call-overload]


def sha256(path: Path) -> str:
    """Return the digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def described(wheel: Path) -> dict[str, str]:
    """Return name, version, licence, file and digest of a wheel."""
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (
            n for n in opened.namelist() if n.count("/") == 1 and n.endswith(".dist-info/METADATA")
        )
        told = email.message_from_bytes(opened.read(name))
    licence = told["License-Expression"] or told["License"] or ""
    return {
        "name": told["Name"],
        "version": told["Version"],
        "licence": licence.strip().split("\n")[0][:100],
        "file": wheel.name,
        "sha256": sha256(wheel),
    }


def requirements(entries: list[dict[str, str]]) -> str:
    """Return every package with its version and hash, as pip wants it."""
    return "".join(f"{e['name']}=={e['version']} --hash=sha256:{e['sha256']}\n" for e in entries)


def sbom(entries: list[dict[str, str]]) -> dict[str, object]:
    """Return a bill of materials (CycloneDX 1.5)."""
    components = [
        {
            "type": "library",
            "name": e["name"],
            "version": e["version"],
            "purl": f"pkg:pypi/{e['name'].lower()}@{e['version']}",
            "hashes": [{"alg": "SHA-256", "content": e["sha256"]}],
            "licenses": [{"license": {"name": e["licence"]}}] if e["licence"] else [],
        }
        for e in entries
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "routerd"}},
        "components": components,
    }


def write_sums(bundle: Path) -> None:
    """Write the digest of every file, in the form of sha256sum."""
    files = sorted(path for path in bundle.rglob("*") if path.is_file())
    lines = [f"{sha256(path)}  {path.relative_to(bundle).as_posix()}\n" for path in files]
    (bundle / SUMS).write_text("".join(lines), encoding="utf-8")


def sign(sums: Path, key: Path) -> None:
    """Sign the checksums; the signature lies beside them."""
    run(["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(sums)])


def pack(bundle: Path, output: Path) -> None:
    """Write the archive, without owners and times, so that the same content gives the same file."""

    def bare(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mtime = 0
        return info

    with tarfile.open(output, "w:gz") as archive:
        archive.add(bundle, arcname=bundle.name, filter=bare)


if __name__ == "__main__":
    sys.exit(main())
