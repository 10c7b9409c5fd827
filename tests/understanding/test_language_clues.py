import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.understanding.language_clues import evident_language, language_points
from routerd.understanding.language_words import EXTENSIONS, NAMES, TOOLS


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("why does utils/dates.py skip the last day", "python"),
        ("add a test for @cart.test.ts", "typescript"),
        ("npm run build fails", "javascript"),
        ("cargo clippy complains about the loop", "rust"),
        ("port this to golang", "go"),
        ("Traceback (most recent call last): TypeError: 'int' object is not iterable", "python"),
        ("code: fn main() { let mut total = 0; }", "rust"),
        ("code: if err != nil { return nil }", "go"),
        ("SELECT name FROM users WHERE age > 3, make it faster", "sql"),
        ("#include <iostream> int main() { std::cout << 1; }", "cpp"),
        ("center the div with flexbox", "css"),
        ("write a Dockerfile for the api", "dockerfile"),
        ("C# property for the full name", "csharp"),
        ("rewrite the loop in C", "c"),
        ("in R, how do I plot the residuals", "r"),
        ("kubectl says the pod is pending", "yaml"),
        ("用python写一个爬虫", "python"),
        ("function sum(a: number): number { return a }", "typescript"),
        ("note.service.ts太长了要拆开", "typescript"),
        ("main.zigが長くなってきた", "zig"),
        ("document the 14 .ps1 files in here", "powershell"),
        ("speed up filter_rows.m", "matlab"),
        ("a viewmodel with a stateflow for the cart", "kotlin"),
        ("what can a reentrancy attack do with msg.sender here", "solidity"),
        ("always @(posedge clk) never fires", "verilog"),
        ("this fortran subroutine is slow", "fortran"),
        ("aws_db_instance.main must be replaced (why?)", "hcl"),
        ("void Panel::show() { QTimer *timer; }", "cpp"),
        ("why is typeof rows === 'object' false here?", "javascript"),
        ("if (kind(row) === wanted) skip it", "javascript"),
        ("Style/StringLiterals: prefer double quotes", "ruby"),
        ("export TARGET=staging did not reach the script", "bash"),
        ("is sync.Once safe here", "go"),
        ("def total(rows: list) -> int: pass, or def total(rows): n = 0", "python"),
        ("def total(rows: List[Int]): Int = rows.sum", "scala"),
    ],
)
def test_what_a_reader_would_see_is_seen(text: str, language: str) -> None:
    assert evident_language(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("TypeError: Cannot read properties of undefined (reading 'map')", "javascript"),
        ("TypeError: unhashable type: 'dict'", "python"),
        ("Error 'charmap' codec can't encode character", "python"),
        ("Type 'string' is not assignable to type 'number'", "typescript"),
        ("SumTest.adds:12 expected:<5> but was:<4>", "java"),
        ("panic: runtime error: index out of range [3]", "go"),
        ("error[E0502]: cannot borrow `rows` as mutable", "rust"),
        ("undefined reference to `Shape::area()'", "cpp"),
        ("Object reference not set to an instance of an object", "csharp"),
        ("Fatal error: Uncaught Error: Call to undefined function dump()", "php"),
        ("undefined method `name' for nil:NilClass", "ruby"),
        ('ERROR: relation "users" does not exist', "sql"),
        ("Couldn't match expected type Int with actual type Bool", "haskell"),
        ("django.db.utils.OperationalError: too many clients already", "python"),
        ("** (Ecto.NoResultsError) expected at least one result", "elixir"),
        ("System.IO.IOException: the file is in use", "csharp"),
        ("SQLSTATE[23000]: Integrity constraint violation", "php"),
        ("Invalid call. Nonexistent function 'play' in base 'Nil'.", "gdscript"),
    ],
)
def test_an_error_tells_whose_it_is(text: str, language: str) -> None:
    assert evident_language(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("go run ./cmd/sync plan --json $SOURCE | jq .pairs", "go"),
        ("deploy.sh must start worker.py with the right user", "python"),
        ("SyncWorker.cs and its insert into, group by, left join", "csharp"),
    ],
)
def test_what_stands_beside_a_language_yields_to_it(text: str, language: str) -> None:
    assert evident_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        'the tooltip says "undefined: NaN%"',
        "devise a plan to boost the score",
        "the bundler drops unused code",
        "use the pest parser",
    ],
)
def test_words_that_mean_something_else_as_well_name_no_language(text: str) -> None:
    assert evident_language(text) == ""


def test_powershell_wins_over_the_php_that_its_variables_look_like() -> None:
    assert evident_language("$user = Get-ADUser -Identity ada; $name = $user.Name") == "powershell"
    assert evident_language("$name = strtolower($user);") == "php"
    assert evident_language("my $name = lc $user; $age = 3;") == "perl"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "commit this and push",
        "the button should be blue, e.g. like the header",
        "go ahead and do it",
        "can we see what the swiftest option is",
        "meet at 10.30, see github.com/a/b",
        "I expect the rest of it to express the idea",
        "ConfigError: the server says (nothing more)",
        "it puts the same file there twice; remove one",
        "the build is busted since 10 a.m., see 4 p.m too",
        "QUESTION: where do accounts payable go (and why)?",
        "split the module auth (it is too long), keep aws_access_config.json",
        "=== Step 6: Verify === ERROR: branch does not exist",
        "la clase Astro tiene una traza",
    ],
)
def test_where_nothing_shows_one_none_is_named(text: str) -> None:
    assert evident_language(text) == ""


def test_a_pages_address_names_no_language_and_a_source_files_does() -> None:
    assert not evident_language("import the results from https://example.org/rf/list.php?id=161")
    assert not evident_language("read https://example.org/docs/guide.html#setup again")
    linked = "what does https://example.org/acme/app/blob/main/src/sum.ts do"
    assert evident_language(linked) == "typescript"
    assert evident_language("fix list.php, see https://example.org/a.html") == "php"


def test_typescript_wins_over_the_javascript_it_is_made_of() -> None:
    assert evident_language("const total: number = rows.reduce(...) // in sum.ts, node 22") == (
        "typescript"
    )


def test_more_of_the_same_kind_counts_less_and_is_bounded() -> None:
    one, many = (language_points("x.py"), language_points("a.py b.py c.py d.py e.py"))
    assert one["python"] < many["python"] <= one["python"] * 3**0.5 + 1e-9


def test_no_word_stands_for_two_languages() -> None:
    for lists in (EXTENSIONS, NAMES, TOOLS):
        separator = " " if lists is EXTENSIONS else ","
        words = [word.strip() for text in lists.values() for word in text.split(separator)]
        assert len(words) == len(set(words))


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(evident_language(text), str)
