import pytest

from routerd.core.verdict import Verdict
from routerd.verification import code_fences
from routerd.verification.code_fences import Fence


def fenced(tag: str, *lines: str) -> str:
    body = "\n".join(lines)
    return f"Here it is:\n\n```{tag}\n{body}\n```\nDone."


def test_fences_are_found_with_their_tags() -> None:
    text = "a\n```py\nx = 1\n```\nb\n~~~~ js title=x\nlet y\n```\n~~~~\n"
    assert list(code_fences.fences(text)) == [
        Fence("py", "x = 1", closed=True),
        Fence("js", "let y\n```", closed=True),
    ]


def test_an_answer_that_ends_inside_a_fence_is_at_fault() -> None:
    assert code_fences.check("```python\ndef f():\n").faults == ("the python block is not closed",)


def test_each_fence_is_checked_by_its_language() -> None:
    text = fenced("python", "def f():", "    return 1") + fenced("json", "{", '"a": }')
    assert code_fences.check(text) == Verdict(2, ("the json block has a syntax error in line 2",))


@pytest.mark.parametrize(
    "text",
    [
        "no code at all",
        fenced("python", "just_a_name("),
        fenced("python", "def f():", "    ...", "    return (", "# ..."),
        fenced("js", "// ...", "foo( {"),
        fenced("python", ">>> f(", "1"),
        fenced("bash", "cp <your file> .", "ls"),
        fenced("diff", "- a", "+ b"),
        fenced("", "x ( y", "z"),
    ],
)
def test_what_was_left_out_or_is_no_program_is_not_checked(text: str) -> None:
    assert code_fences.check(text) == Verdict()


def test_tags_of_generics_are_no_gaps_to_fill_in() -> None:
    text = fenced("java", "class A {", "  List<String> x = new ArrayList<>();", "}")
    assert code_fences.check(text) == Verdict(1)


def test_an_endless_row_of_fences_is_looked_at_to_a_bound() -> None:
    text = fenced("json", "{", "}") * (code_fences.MOST_FENCES + 10)
    assert code_fences.check(text).checked == code_fences.MOST_FENCES
