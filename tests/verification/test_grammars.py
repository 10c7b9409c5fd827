import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.verification import grammars

SOUND = {
    "python": "def f(x):\n    return x",
    "javascript": "const a = {\n  b: 1,\n};",
    "typescript": "interface A { b: string }\nlet x: A[] = [];",
    "tsx": "const A = () => (\n  <div>{x}</div>\n);",
    "go": "func f() int {\n\treturn 1\n}",
    "rust": "fn main() {\n    let x = 1;\n}",
    "java": "public int f() {\n    return 1;\n}",
    "c": "int main(void) {\n  return 0;\n}",
    "cpp": "template<class T>\nT f(T x) { return x; }",
    "bash": "for i in 1 2; do\n  echo $i\ndone",
    "json": '{"a":\n [1, 2]}',
}
BROKEN = {
    "python": "def f(x:\n    return x",
    "javascript": "const a = {\n  b: 1;",
    "typescript": "interface A { b: string\nlet x: A[] = [;",
    "tsx": "const A = () => (\n  <div>{x}<div>\n);",
    "go": "func f() int {\n\treturn 1\n",
    "rust": "fn main() {\n    let x = ;\n}",
    "java": "public int f() {\n    return 1;\n",
    "c": "int main(void {\n  return 0;\n}",
    "cpp": "template<class T>\nT f(T x) { return x;",
    "bash": "for i in 1 2; do\n  echo $i\n",
    "json": '{"a":\n [1, 2}',
}


def test_every_grammar_is_tried() -> None:
    assert set(SOUND) == set(BROKEN) == set(grammars.NAMES.values())


@pytest.mark.parametrize("grammar", SOUND)
def test_sound_code_has_no_fault(grammar: str) -> None:
    assert grammars.fault_line(grammar, SOUND[grammar]) == 0


@pytest.mark.parametrize("grammar", BROKEN)
def test_broken_code_has_one_and_its_line(grammar: str) -> None:
    line = grammars.fault_line(grammar, BROKEN[grammar])
    assert line is not None
    assert 1 <= line <= BROKEN[grammar].count("\n") + 1


@pytest.mark.parametrize(
    ("grammar", "fragment"),
    [
        ("python", "result = await get()\nreturn result"),
        ("python", "    def a(self):\n        pass\n\n    def b(self):\n        pass"),
        ("java", "int x = 1;\nfoo(x);"),
        ("go", "x := 1\nfmt.Println(x)"),
        ("rust", 'let x = 1;\nprintln!("{x}");'),
        ("cpp", "int x = 1;\nstd::cout << x;"),
        ("typescript", "constructor(private a: string) {\n  super();\n}"),
    ],
)
def test_a_fragment_is_sound_without_what_stands_around_it(grammar: str, fragment: str) -> None:
    assert grammars.fault_line(grammar, fragment) == 0


def test_what_no_grammar_is_there_for_is_not_checked() -> None:
    assert grammars.fault_line("cobol", "MOVE A TO B.") is None
    assert grammars.grammar_of("console") == ""
    assert grammars.fault_line("json", " ") is None
    assert grammars.fault_line("python", "x" * (grammars.MOST_BYTES + 1)) is None


@given(st.sampled_from(sorted(SOUND)), st.text(max_size=60))
def test_any_text_can_be_checked(grammar: str, text: str) -> None:
    line = grammars.fault_line(grammar, text)
    assert line is None or 0 <= line <= text.count("\n") + 3
