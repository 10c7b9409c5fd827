import time

import pytest

from routerd.core.request import Image, Message, Part, Request, Text, ToolCall, ToolResult
from routerd.understanding.input_text import build_input, is_control_turn, is_fim


def user(*texts: str) -> Message:
    return Message("user", tuple(Text(text) for text in texts))


def assistant(text: str) -> Message:
    return Message("assistant", (Text(text),))


def result(text: str, *, is_error: bool = False) -> Message:
    return Message("tool", (ToolResult("call", text, is_error),))


def ask(text: str) -> Request:
    return Request(messages=(user(text),))


WRAPPED = {
    "claude code reminder": "<system-reminder>\nBe terse.\n</system-reminder>\nfix the login bug",
    "reminder behind the ask": "fix the login bug\n<system-reminder>x</system-reminder>",
    "cline task": "<task>\nfix the login bug\n</task>\n<environment_details>\n# Files\na.py\n"
    "</environment_details>",
    "cursor query": "<user_info>OS: mac</user_info>\n<user_query>\nfix the login bug\n</user_query>",
    "copilot request": "<environment_info>mac</environment_info><reminderInstructions>r"
    "</reminderInstructions><userRequest>fix the login bug</userRequest>",
    "codex context": "# Context from my IDE setup:\n\n## Active file: a.py\n\n"
    "## My request for Codex:\nfix the login bug",
    "roo feedback": "<feedback>fix the login bug</feedback><environment_details>m</environment_details>",
    "nested ask": "<task><user_message>fix the login bug</user_message></task>",
    "slash command": "<command-name>/fix</command-name><command-args>fix the login bug"
    "</command-args>",
    "interrupted": "[Request interrupted by user]\nfix the login bug",
    "nested tags with a common beginning": "<task>fix the login bug<task_notification>x"
    "</task_notification></task>",
    "attributes": '<user_query id="1">fix the login bug</user_query>',
}


@pytest.mark.parametrize("text", WRAPPED.values(), ids=WRAPPED.keys())
def test_a_tool_s_wrapper_leaves_only_the_ask(text: str) -> None:
    assert build_input(ask(text)) == "fix the login bug"


ATTACHED = {
    "selection": "<ide_selection>let x = 1</ide_selection>\nwhat is x?",
    "file": '<file_content path="a.js">let x = 1</file_content>\nwhat is x?',
    "attached files": "<attached_files>let x = 1</attached_files><user_query>what is x?</user_query>",
}


@pytest.mark.parametrize("text", ATTACHED.values(), ids=ATTACHED.keys())
def test_attached_code_follows_the_ask_with_a_label(text: str) -> None:
    assert build_input(ask(text)) == "what is x?\nselected: let x = 1"


@pytest.mark.parametrize(
    "text",
    [
        "why is List<String> not a List<Object>?",
        "what does <context> mean in this XML",
        "use <task> elements, never <job>",
        "a < b and c > d",
    ],
)
def test_angle_brackets_of_a_person_s_own_stay(text: str) -> None:
    assert build_input(ask(text)) == text


def test_pasted_markup_does_not_hide_a_wrapper_behind_it() -> None:
    text = "center this " + "<td>x</td>" * 60
    assert build_input(ask(f"{text}<environment_details>m</environment_details>")) == text


def test_context_alone_is_read_as_the_ask() -> None:
    assert build_input(ask("<instructions>port this to go</instructions>")) == "port this to go"


def test_a_huge_system_prompt_does_not_move_the_text() -> None:
    words = "you must never deploy without tests and explain every refactoring for security"
    prompt = (words + " ") * (20_000 // len(words.split()))
    system = Message("system", (Text(prompt),))
    turns = (user("write a parser for cron lines"), assistant("done"), user("and tests for it"))
    assert build_input(Request((system, *turns))) == build_input(Request(turns))


def test_the_work_is_bounded_whatever_the_size() -> None:
    log = "INFO started <worker> number one\n" * 160_000
    system = Message("system", (Text("rule\n" * 20_000),))
    request = Request((system, user(log + "why does this hang?")))
    times = []
    for _ in range(7):
        started = time.perf_counter()
        text = build_input(request)
        times.append(time.perf_counter() - started)
    assert "why does this hang?" in text
    assert len(text) < 1000
    # 0.4 ms on two shared cores; ten times that still tells a bounded from an unbounded scan.
    assert min(times) < 0.005


def test_many_tags_stay_cheap_and_short() -> None:
    started = time.perf_counter()
    text = build_input(ask("<task><system-reminder>" * 200_000))
    assert time.perf_counter() - started < 0.05
    assert len(text) < 2000


@pytest.mark.parametrize(("before", "after"), [("fix this: ", ""), ("", " <- fix this:")])
def test_an_ask_at_either_end_of_a_long_paste_is_kept(before: str, after: str) -> None:
    assert "fix this:" in build_input(ask(before + "line of log\n" * 5000 + after))


def test_a_reminder_that_outgrows_the_window_hides_neither_end() -> None:
    reminder = "<system-reminder>" + "rule " * 10_000 + "</system-reminder>"
    assert build_input(ask(f"rename foo{reminder}to bar")) == "rename foo to bar"


def test_an_ask_tag_that_outgrows_the_window_keeps_both_ends() -> None:
    text = build_input(ask("<user_query>rename foo " + "x " * 10_000 + "to bar</user_query>"))
    assert text.startswith("rename foo x")
    assert text.endswith("to bar")


def test_prose_comes_before_fenced_code_and_keeps_the_language_tag() -> None:
    text = build_input(ask("```rust\nfn main() {}\n```\nexplain this function to me in detail"))
    assert text == "explain this function to me in detail\ncode: rust fn main() {}"


def test_an_unclosed_fence_is_code() -> None:
    assert build_input(ask("finish\n```py\nx = ")) == "finish\ncode: py x ="


def test_fenced_code_alone_is_still_read() -> None:
    assert build_input(ask("```py\nx = 1\n```")) == "code: py x = 1"


def test_what_an_agent_finds_while_it_works_on_an_ask_does_not_move_the_text() -> None:
    call = Message("assistant", (ToolCall("c", "bash", "{}"),))
    failed = Message("user", (ToolResult("c", "no such file", is_error=True),))
    asked = Request((user("make the tests pass again"),))
    working = Request(
        (*asked.messages, call, result("E   ValueError: bad date"), assistant("hm"), call, failed)
    )
    assert build_input(working) == build_input(asked)


def test_reminders_beside_hundreds_of_results_do_not_hide_the_ask() -> None:
    call = Message("assistant", (ToolCall("c", "bash", "{}"),))
    reminder = Text("<system-reminder>The list of tasks is empty.</system-reminder>")
    step = (call, Message("user", (ToolResult("c", "ok"), reminder)))
    assert build_input(Request((user("make the tests pass"), *step * 300))) == "make the tests pass"


def test_a_follow_up_is_read_by_itself() -> None:
    request = Request((user("write a csv parser"), assistant("ok"), user("faster please")))
    assert build_input(request) == "faster please"


def test_a_steering_turn_is_read_as_the_ask_before_it() -> None:
    request = Request((user("write a csv parser"), assistant("shall I?"), user("yes")))
    assert build_input(request) == "write a csv parser"


def test_only_steering_turns_give_the_last_one() -> None:
    assert build_input(Request((user("yes"), assistant("?"), user("2")))) == "2"


@pytest.mark.parametrize(
    "messages",
    [(), (assistant("hi"),), (Message("system", (Text("be nice"),)),)],
    ids=["nothing", "assistant only", "system only"],
)
def test_no_user_turn_gives_no_text(messages: tuple[Message, ...]) -> None:
    assert build_input(Request(messages)) == ""


def test_a_turn_of_many_parts_keeps_first_and_last() -> None:
    text = build_input(Request((user("first", *["filler"] * 500, "last"),)))
    assert text.startswith("first")
    assert text.endswith("last")


def test_lone_surrogates_are_replaced() -> None:
    assert build_input(ask("fix \ud800 this")) == "fix ? this"


def test_rulers_of_punctuation_are_shortened() -> None:
    assert build_input(ask("why =======" + "=" * 500 + " here")) == "why === here"


@pytest.mark.parametrize(
    "text",
    ["yes", "Yes, please!", "continue", "go ahead", "2", "2 and 3", "option b", "ok do it", "LGTM",
     "no", "stop", "let's go with option 2", "", "...", "<system-reminder>x</system-reminder>",
     "[Request interrupted by user for tool use]", "thanks!", "yes, do both", "Let\u2019s go"],
)  # fmt: skip
def test_a_turn_that_only_steers_is_a_control_turn(text: str) -> None:
    assert is_control_turn(ask(text))


@pytest.mark.parametrize(
    "text",
    ["commit this", "run the tests", "why?", "explain option 2", "yes, fix it",
     "\u043f\u043e\u0447\u0438\u043d\u0438 \u044d\u0442\u043e 2", "\u4fee\u590d 401", "x" * 100,
     "<ide_selection>a</ide_selection>yes", "go is slow here"],
)  # fmt: skip
def test_a_turn_that_asks_something_is_no_control_turn(text: str) -> None:
    assert not is_control_turn(ask(text))


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ((ToolResult("c", "ok"),), True),
        ((ToolResult("c", "ok"), Text("<system-reminder>x</system-reminder>")), True),
        ((ToolResult("c", "ok"), Text("now deploy it to staging")), False),
        ((Image("image/png", "AAAA"),), False),
    ],
    ids=["results", "results and reminder", "results and ask", "image"],
)
def test_tool_results_alone_are_a_control_turn(last: tuple[Part, ...], expected: bool) -> None:
    request = Request((user("build it"), assistant("calling"), Message("user", last)))
    assert is_control_turn(request) is expected


def test_a_tool_role_message_is_a_control_turn() -> None:
    assert is_control_turn(Request((user("build it"), result("ok"))))


def test_an_empty_request_is_no_control_turn() -> None:
    assert not is_control_turn(Request(()))


FIM = {
    "starcoder": "<fim_prefix>def f(<fim_suffix>):<fim_middle>",
    "qwen": "<|fim_prefix|>def f(<|fim_suffix|>):<|fim_middle|>",
    "codellama": "<PRE> def f( <SUF>): <MID>",
    "codestral": "[SUFFIX]):\n[PREFIX]def f(",
    "deepseek": "<\uff5cfim\u2581begin\uff5c>def f(<\uff5cfim\u2581hole\uff5c>):"
    "<\uff5cfim\u2581end\uff5c>",
    "path line": "# src/a.py\n<fim_prefix>def f(<fim_suffix>):",
    "repository lines": "<file_sep>a.py\n<|fim_prefix|>def f(<|fim_suffix|>):",
    "huge": "<fim_prefix>" + "x = 1\n" * 900_000 + "<fim_suffix>y<fim_middle>",
}


@pytest.mark.parametrize("text", FIM.values(), ids=FIM.keys())
def test_fill_in_the_middle_is_known_by_its_markers(text: str) -> None:
    assert is_fim(ask(text))


@pytest.mark.parametrize(
    "text",
    [
        "why does my model ignore <fim_prefix> and <fim_suffix> in Ollama?",
        "what is <fim_middle>",
        "<PRE>formatted</PRE>",
        "complete this code: def f(",
        "",
    ],
)
def test_talk_about_markers_is_not_fill_in_the_middle(text: str) -> None:
    assert not is_fim(ask(text))


def test_a_turn_of_several_parts_is_not_fill_in_the_middle() -> None:
    assert not is_fim(Request((user(FIM["qwen"], "explain"),)))


def test_a_request_without_user_turn_is_not_fill_in_the_middle() -> None:
    assert not is_fim(Request((assistant(FIM["qwen"]),)))
