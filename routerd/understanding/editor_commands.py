"""Tells the task of a request that begins with an editor's own command, such as "/explain".

Such a command says by its name what is wanted; no model needs to guess. Only names that mean the
same in every tool are listed; a path ("/usr/lib is full") or an unknown command is left to the
model.
"""

import re

from routerd.core.features import Task

CONFIDENCE = 0.97
"""Of a reading by command: people misuse them now and then ("/fix add a button")."""

_COMMANDS: dict[Task, str] = {
    "documentation": "doc docs document documentation docstring jsdoc comment readme changelog",
    "testing": "test tests generatetests setuptests unittest unittests write-tests add-tests tdd",
    "debugging": "fix fixerror fix-error fixtestfailure debug startdebugging fix-lint bugfix",
    "explanation": "explain ask help-me-understand search howto",
    "review": "review code-review codereview security-review pr-review review-pr audit",
    "refactoring": "refactor optimize optimise simplify cleanup rename format improve",
    "generation": "new newnotebook generate implement scaffold feature create",
    "operations": "commit push pr create-pr deploy release merge rebase run build",
}
_TASK_OF = {name: task for task, names in _COMMANDS.items() for name in names.split()}
_COMMAND = re.compile(r"\s*/([A-Za-z][A-Za-z-]{1,24})(?=[\s:,.!?]|$)")


def commanded_task(ask: str) -> Task | None:
    """Return the task that the command at the start of `ask` names, None where there is none."""
    command = _COMMAND.match(ask)
    return _TASK_OF.get(command[1].lower()) if command else None
