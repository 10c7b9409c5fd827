"""A bundle is built, carried over, checked and installed in a namespace without a network."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.network.test_airgap import ALLOWED

BUILD = Path(__file__).parents[2] / "packaging" / "airgap" / "build_bundle.py"
KEYGEN, TAR = shutil.which("ssh-keygen"), shutil.which("tar")
pytestmark = pytest.mark.skipif(None in (KEYGEN, TAR), reason="ssh-keygen or tar is not installed")


def wheel(folder: Path, name: str, needs: str = "") -> Path:
    """Write a tiny wheel by hand: one module, one command."""
    info = f"{name}-1.0.dist-info"
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    files = {
        f"{name}.py": f"def main():\n    print('{name} runs')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nLicense: MIT\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(inner, text)
    return path


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the unpacked bundle and the file of who may sign."""
    folder = tmp_path_factory.mktemp("bundle")
    wheels, key = folder / "in", folder / "key"
    wheels.mkdir()
    wheel(wheels, "routerd", needs="helperlib")
    wheel(wheels, "helperlib")
    model = folder / "tiny.gguf"
    model.write_bytes(b"GGUF")
    subprocess.run([str(KEYGEN), "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    output = folder / "bundle.tar.gz"
    command = [sys.executable, str(BUILD), "--output", str(output), "--wheels", str(wheels)]
    subprocess.run([*command, "--model", str(model), "--key", str(key)], check=True)
    # As its README says; `tarfile` checks members only from Python 3.11.4 on.
    subprocess.run([str(TAR), "xzf", str(output), "-C", str(folder)], check=True)
    signers = folder / "signers"
    signers.write_text(f"routerd {key.with_suffix('.pub').read_text('ascii')}", encoding="ascii")
    return folder / "routerd-airgap", signers


def install(bundle: Path, into: Path, *more: str, home: Path | None = None) -> tuple[int, str]:
    """Run the bundle's installer, where it is allowed without a network."""
    command = [sys.executable, str(bundle / "install.py"), "--into", str(into), *more]
    ran = subprocess.run(
        [*(["unshare", "-rn"] if ALLOWED else []), *command],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "ROUTERD_HOME": str(home or into / "home")},
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.slow
def test_it_installs_without_a_network_and_runs(carried: tuple[Path, Path], tmp_path: Path) -> None:
    bundle, signers = carried
    code, told = install(
        bundle, tmp_path / "env", "--signers", str(signers), home=tmp_path / "home"
    )
    assert code == 0, told
    assert "Signed by routerd." in told
    ran = subprocess.run(
        [str(tmp_path / "env/bin/routerd")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert ran.stdout == "routerd runs\n"
    assert (tmp_path / "home/models/tiny.gguf").read_bytes() == b"GGUF"


def test_the_bill_of_materials_and_the_hashes_are_those_of_the_wheels(
    carried: tuple[Path, Path],
) -> None:
    bundle, _ = carried
    parts = json.loads((bundle / "sbom.json").read_text("utf-8"))["components"]
    assert [(p["name"], p["version"]) for p in parts] == [("helperlib", "1.0"), ("routerd", "1.0")]
    for part in parts:
        data = (bundle / "wheels" / f"{part['name']}-1.0-py3-none-any.whl").read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        assert part["hashes"] == [{"alg": "SHA-256", "content": digest}]
        assert digest in (bundle / "requirements.txt").read_text("utf-8")


@pytest.mark.parametrize("change", ["flip", "add", "remove", "resum"])
def test_a_bundle_that_was_changed_is_not_installed(
    carried: tuple[Path, Path], tmp_path: Path, change: str
) -> None:
    bundle = tmp_path / "copy"
    shutil.copytree(carried[0], bundle)
    victim = next((bundle / "wheels").glob("helperlib*"))
    if change in ("flip", "resum"):
        victim.write_bytes(victim.read_bytes() + b"x")
    elif change == "add":
        (bundle / "wheels" / "extra.pth").write_text("import os", encoding="ascii")
    else:
        victim.unlink()
    if change == "resum":
        sums = (bundle / "SHA256SUMS").read_text("utf-8").splitlines()
        digest = hashlib.sha256(victim.read_bytes()).hexdigest()
        lines = [f"{digest}  wheels/{victim.name}" if victim.name in s else s for s in sums]
        (bundle / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, told = install(bundle, tmp_path / "env", "--signers", str(carried[1]))
    assert code == 1
    assert "Nothing was installed" in told
    assert not (tmp_path / "env").exists()


def test_another_signer_is_refused(carried: tuple[Path, Path], tmp_path: Path) -> None:
    key = tmp_path / "other"
    subprocess.run([str(KEYGEN), "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"routerd {key.with_suffix('.pub').read_text('ascii')}", encoding="ascii")
    code, told = install(carried[0], tmp_path / "env", "--signers", str(signers))
    assert code == 1
    assert "the signature is not good" in told
