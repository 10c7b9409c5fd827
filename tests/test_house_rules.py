"""Rules of the house that no linter knows."""

import ast
import gzip
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE_LINES, MAX_FUNCTION_LINES = 350, 40
SOURCES = sorted(path for name in ("routerd", "tray") for path in (ROOT / name).rglob("*.py"))

VALUES = "values only; nothing happens in it"
WHOLE_HOUSE = "tests/whole_house starts the real daemon and goes through it"
# Modules without a test file of their own, and why.
ELSEWHERE = {
    "__main__": WHOLE_HOUSE,
    "cli/feedback": "tests/whole_house/test_feedback.py",
    "core/belief": VALUES,
    "core/config": f"{VALUES}; tests/settings/test_load.py fills every field",
    "core/embedding": VALUES,
    "core/features": VALUES,
    "core/lesson": VALUES,
    "core/outcome": VALUES,
    "core/ports": "protocols only",
    "core/session": VALUES,
    "core/verdict": "tests/verification/test_verifier.py",
    "understanding/language_words": "tests/understanding/test_language_clues.py reads by them",
    "cli/dashboard": "tests/whole_house/test_dashboard.py",
    "cli/governing": "tests/cli/test_policy.py and the other commands it describes",
    "cli/lifecycle": WHOLE_HOUSE,
    "cli/mcp_bridge": WHOLE_HOUSE,
    "cli/readings": "tests/cli/test_replay.py",
    "cli/requests": WHOLE_HOUSE,
    "cli/standalone": WHOLE_HOUSE,
    "cli/tray": "tests/tray/test_real_tray.py",
    "daemon/faces": "tests/whole_house/test_switches.py",
    "daemon/start": WHOLE_HOUSE,
    "daemon/house": WHOLE_HOUSE,
    "daemon/learnt": "tests/learning/test_keeping.py, and tests/whole_house starts it",
    "daemon/sealed": VALUES,
    "daemon/serve": WHOLE_HOUSE,
    "providers/native_events": "tests/endpoints/test_native_answers.py and each provider's own",
    "providers/lmstudio_sdk": "tests/providers/test_lmstudio.py, the class it works for",
    "providers/model_file": "protocols only",
    "replay/plot": "tests/replay/test_report.py",
    "endpoints/bodies": WHOLE_HOUSE,
    "endpoints/control_routes": WHOLE_HOUSE,
    "dialects/openai_chat_answer": "tests/dialects/test_openai_chat_door.py, its other half",
    "endpoints/doors": "tests/dialects/test_golden_pairs.py goes through every one",
    "endpoints/governance_routes": WHOLE_HOUSE,
    "endpoints/guard": WHOLE_HOUSE,
    "endpoints/house": "protocols only",
    "endpoints/http_server": WHOLE_HOUSE,
    "endpoints/mcp_door": WHOLE_HOUSE,
    "endpoints/mcp_shapes": "values only; tests/endpoints/test_mcp_resources.py asks for the schemas",
    "endpoints/mcp_tools": WHOLE_HOUSE,
    "endpoints/openai_routes": WHOLE_HOUSE,
    "endpoints/switch_routes": "tests/whole_house/test_switches.py",
    "endpoints/views": WHOLE_HOUSE,
    "endpoints/dashboard_pages": WHOLE_HOUSE,
    "endpoints/dashboard_routes": WHOLE_HOUSE,
    "endpoints/watching_routes": WHOLE_HOUSE,
    "engines/chat_stream": "tests/engines/test_chat_chunks.py and test_marked_text.py, its parts",
    "engines/gguf_types": "tables; tests/engines/test_gguf.py compares them with the gguf package",
    "engines/llama_cpp_python": "tests/engines/test_pool.py runs it in its worker where installed",
    "engines/xllamacpp_server": "tests/engines/test_pool.py runs it in its worker where installed",
    "understanding/fim_markers": "tests/understanding/test_input_text.py",
    "understanding/wrappers": "tests/understanding/test_input_text.py",
}

# Written in two parts, so that this file is not one that mentions them.
HOSTS = (
    ("py" + "pi", "org"),
    ("python" + "hosted", "org"),
    ("np" + "mjs", "(org|com)"),
    ("yarn" + "pkg", "com"),
    ("crates", "io"),
    ("ruby" + "gems", "org"),
    ("ana" + "conda", "(org|com)"),
    ("proxy\\.go" + "lang", "org"),
    ("nu" + "get", "org"),
    ("repo1?\\.maven(\\.apache)?", "org"),
    ("deb\\.debian", "org"),
)
REGISTRIES = [re.compile(rf"\b{first}\.{second}\b", re.IGNORECASE) for first, second in HOSTS]
ENDS = {f".{end}" for _, second in HOSTS for end in second.strip("()").split("|")}


def registries(text: str) -> Iterator[re.Match[str]]:
    for pattern in REGISTRIES:
        yield from pattern.finditer(text)


# Caches, builds and environments; the training data quotes what people paste into their prompts.
NOT_OURS = {"__pycache__", "work", "base", "data", "build", "dist", "node_modules"}
NO_TEXT = {".onnx", ".gguf", ".npz", ".gz", ".png", ".ico", ".icns", ".jsonl", ".pyc"}
MAX_TEXT_BYTES = 2_000_000


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def texts() -> Iterator[tuple[str, str]]:
    """Yield every text file of the repository with its content."""
    for folder, names, files in os.walk(ROOT):
        hidden = {name for name in names if name.startswith(".") and name != ".ci"}
        names[:] = sorted(set(names) - NOT_OURS - hidden)
        for path in (Path(folder) / file for file in sorted(files)):
            if path.suffix not in NO_TEXT and path.stat().st_size < MAX_TEXT_BYTES:
                yield name_of(path), path.read_text("utf-8", "replace")


def modules() -> list[str]:
    """Return every module of routerd as room/name."""
    package = ROOT / "routerd"
    paths = [path.relative_to(package) for path in SOURCES if path.is_relative_to(package)]
    return [path.with_suffix("").as_posix() for path in paths if path.stem != "__init__"]


def test_every_module_has_its_tests_or_a_reason() -> None:
    found = modules()
    missing = [
        module
        for module in found
        if module not in ELSEWHERE
        and not (ROOT / "tests" / Path(module).parent / f"test_{Path(module).name}.py").is_file()
    ]
    assert missing == []
    assert set(ELSEWHERE) <= set(found), "a module that is gone needs no reason"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= MAX_FILE_LINES
    long = {name: lines for name, lines in functions(text) if lines > MAX_FUNCTION_LINES}
    assert long == {}


def functions(text: str) -> Iterator[tuple[str, int]]:
    """Yield name and lines of each function, without its docstring: words are not to be saved."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                first = node.body[0]
                lines -= (first.end_lineno or 0) - first.lineno + 1
            yield node.name, lines


def test_the_length_of_a_function_is_counted_without_its_docstring() -> None:
    text = 'async def f(\n    a,\n):\n    """One.\n\n    Two.\n    """\n    return 1\n'
    assert list(functions(text)) == [("f", 4)]


def test_nothing_is_said_of_package_registries() -> None:
    found = [f"{name}: {match[0]}" for name, text in texts() for match in registries(text)]
    assert found == []


def test_no_training_prompt_names_a_package_registry() -> None:
    found = []
    for path in sorted((ROOT / "models" / "training" / "data").rglob("*.jsonl*")):
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
        # Ten patterns over twenty megabytes take a quarter of a minute; few lines name a host.
        for line in text.lower().split("\n"):
            if any(end in line for end in ENDS):
                found += [f"{name_of(path)}: {match[0]}" for match in registries(line)]
    assert found == []


def test_a_registry_would_be_found() -> None:
    planted = "see https://" + "py" + "pi.org/simple"
    assert any(registries(planted))
    assert name_of(Path(__file__)) in dict(texts())


def test_telemetry_is_switched_off_in_one_place_before_the_import() -> None:
    sets = re.compile(r"ORT_DISABLE_TELEMETRY[\"']\s*(\]\s*=[^=]|,|:)")
    found = [name_of(path) for path in SOURCES if sets.search(path.read_text("utf-8"))]
    assert found == ["routerd/understanding/onnx_session.py"]
