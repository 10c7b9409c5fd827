"""`routerd replay` over files, with the shipped classifier."""

import json
from pathlib import Path

import pytest

from routerd.cli.main import main
from routerd.cli.readings import ReadingFile
from routerd.core.features import Reading

PRICES = {
    "small": {"input": 0, "output": 0, "zone": "device", "params_b": 7},
    "large": {"input": 3, "output": 15, "zone": "cloud", "params_b": None},
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path / "home"))
    rows = [
        {
            "problem_id": str(i),
            "source": "s",
            "prompt": f"write a function that sorts list number {i}",
            "model": model,
            "passed": float(model == "large" or i % 2),
        }
        for i in range(12)
        for model in PRICES
    ]
    outcomes, prices = tmp_path / "o.jsonl", tmp_path / "p.json"
    outcomes.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    prices.write_text(json.dumps(PRICES), encoding="utf-8")
    return str(outcomes), str(prices)


def test_replay_prints_json_and_draws(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = tmp_path / "curve.svg"
    asked = ["replay", "--outcomes", files[0], "--prices", files[1], "--json"]
    own = ["--floor", "0", "--weights", "0,0,1,0,0", "--plot", str(plot)]
    assert main([*asked, *own]) == 0
    found = json.loads(capsys.readouterr().out)["sources"]["s"]
    assert found["always_best"]["quality"] == 1.0
    assert found["profiles"]["custom"] == {
        "cost_usd": 0.0, "quality": 0.5, "cost_cut": 1.0, "quality_kept": 0.5,
    }  # fmt: skip
    assert plot.read_text(encoding="utf-8").startswith("<svg")
    (cache,) = (tmp_path / "home" / "cache").iterdir()
    assert "sorts list" not in cache.read_text(encoding="utf-8")


@pytest.mark.parametrize("own", [["--weights", "1,2"], ["--weights", "a"], ["--floor", "7"]])
def test_weights_and_floors_without_sense_are_refused(
    files: tuple[str, str], own: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "--outcomes", files[0], "--prices", files[1], *own]) == 1
    assert "must be" in (told := capsys.readouterr().err) or "needs" in told


def test_readings_are_kept_and_half_a_line_is_read_again(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "labels.json").write_text("{}", encoding="utf-8")
    reading = Reading("testing", 0.5, 0.25, "go", b"\x00\x01")
    with ReadingFile(tmp_path / "cache", model, 64) as file:
        assert file.get("one", lambda _: reading) == reading
    (path,) = (tmp_path / "cache").iterdir()
    path.write_text(path.read_text(encoding="utf-8") + '{"key": "half', encoding="utf-8")
    with ReadingFile(tmp_path / "cache", model, 64) as file:
        assert file.get("one", lambda _: Reading()) == reading
        assert file.get("two", lambda _: Reading("other")) == Reading("other")
    with ReadingFile(tmp_path / "cache", model, 64) as file:
        assert file.get("two", lambda _: reading) == Reading("other")
