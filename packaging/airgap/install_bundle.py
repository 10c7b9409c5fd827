"""Installs routerd from the unpacked bundle beside this file; needs no network and only Python.

    python3 install.py --into ~/routerd --signers allowed_signers

Checks every file against SHA256SUMS, and that against its signature where `--signers` says whose
(the form of ssh-keygen's allowed_signers). pip then takes nothing but wheels with known hashes.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMESPACE, SUMS = "routerd-bundle", "SHA256SUMS"
OLDEST = (3, 11)


def main() -> int:
    """Check, install, and say what to do next."""
    parser = argparse.ArgumentParser(description="Install routerd without a network.")
    parser.add_argument("--into", type=Path, required=True, help="the folder to install into")
    parser.add_argument("--signers", type=Path, help="who may have signed (allowed_signers)")
    parser.add_argument("--signer", default="routerd", help="the signer's name in that file")
    asked = parser.parse_args()
    try:
        check(asked.signers, asked.signer)
        install(asked.into)
    except Refused as refusal:
        print(f"Nothing was installed: {refusal}", file=sys.stderr)
        return 1
    program = asked.into / ("Scripts" if os.name == "nt" else "bin") / "routerd"
    print(f"Installed. Start it with: {program} up")
    return 0


class Refused(Exception):
    """The bundle or this machine is not fit; the text says why."""


def check(signers: Path | None, signer: str) -> None:
    """Compare every file with its checksum and the checksums with their signature."""
    if sys.version_info < OLDEST:
        raise Refused(f"this is Python {sys.version.split()[0]}; 3.11 or newer is needed.")
    sums = HERE / SUMS
    if signers is not None:
        verify_signature(sums, signers, signer)
    else:
        print("The signature is not checked: say --signers FILE to have it checked.")
    listed = {}
    for line in sums.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    beside = {SUMS, f"{SUMS}.sig"}
    there = {p.relative_to(HERE).as_posix() for p in HERE.rglob("*") if p.is_file()} - beside
    if there != set(listed):
        raise Refused(f"files are missing or too many: {sorted(there ^ set(listed))[:5]}.")
    for name, digest in listed.items():
        with (HERE / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise Refused(f"{name} is not what was packed.")
    print(f"{len(listed)} files are what was packed.")


def verify_signature(sums: Path, signers: Path, signer: str) -> None:
    """Have ssh-keygen say that one of the signers signed the checksums."""
    signature = sums.with_name(f"{SUMS}.sig")
    if not signature.exists():
        raise Refused("the bundle is not signed.")
    command = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", signer, "-n", NAMESPACE]
    with sums.open("rb") as file:
        ran = subprocess.run(
            [*command, "-s", str(signature)],
            stdin=file,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
    if ran.returncode:
        raise Refused(f"the signature is not good: {(ran.stdout + ran.stderr).strip()}")
    print(f"Signed by {signer}.")


def install(into: Path) -> None:
    """Make an environment and install the wheels; models go into routerd's home."""
    venv.create(into, with_pip=True, symlinks=os.name != "nt")
    python = into / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    command += ["--no-index", "--require-hashes", "--find-links", str(HERE / "wheels")]
    ran = subprocess.run(
        [*command, "-r", str(HERE / "requirements.txt")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if ran.returncode:
        raise Refused(f"pip says: {ran.stderr.strip()[-500:]}")
    models = HERE / "models"
    if models.is_dir():
        home = os.environ.get("ROUTERD_HOME")
        target = Path(home) / "models" if home else into / "models"
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        for model in models.iterdir():
            shutil.copy(model, target)
        print(f"The models are in {target}.")


if __name__ == "__main__":
    sys.exit(main())
