"""Takes off what tools wrap around a person's words; looks at bounded windows only.

Coding tools put editor state, reminders and rules into user turns, as tagged blocks whose names
differ by tool. A person's ask stands in a tag of its own, between such blocks, or plain.
"""

import re
from dataclasses import dataclass
from itertools import islice

WINDOW_CHARACTERS = 6000
"""A text longer than two windows is read at its head and its tail alone."""

MAX_TAGS = 32
"""Tags looked at per window, so that a text made of tags stays cheap."""

MAX_DEPTH = 2
"""Ask tags inside ask tags that are still opened."""

_ASK_NAMES = """
    user_query user_request userrequest user_message user_input task feedback answer prompt query
    question request issue_description pr_description user_prompt command_args bash_input
"""
# Names a person may well use in a prompt of their own stand here too, not among the dropped.
_CONTEXT_NAMES = """
    ide_selection selection selected_code selected_text file_content attached_files attached_file
    attachment attachments files file document documents code_snippet additional_data
    manually_added_selection current_file user_selection editor_selection diff git_diff
    subagent_notification context environment instructions rules memory memories preferences system
"""
_DROPPED_NAMES = """
    system_reminder environment_details environment_context environment_info workspace_info
    user_instructions user_info user_rules always_applied_workspace_rules reminder
    reminderinstructions reminder_instructions editorcontext editor_context ide_opened_file
    ide_diagnostics ide_state open_files open_and_recently_viewed_files recently_viewed_files
    project_layout project_context repository_context repoinfo git_status gitstatus
    additional_metadata session_context cursor_context todo_list todos system_information
    system_notification task_notification command_name command_message
    command_contents local_command_stdout local_command_stderr local_command_caveat bash_stdout
    bash_stderr uploaded_files supervisor available_skills available_tools tool_use_guidelines
    turn_aborted slash_commands custom_instructions linter_errors terminal_state
    workspace_folders tool_references toolreferences
"""
ASK_TAGS = frozenset(_ASK_NAMES.split())
CONTEXT_TAGS = frozenset(_CONTEXT_NAMES.split())
DROPPED_TAGS = frozenset(_DROPPED_NAMES.split())
_KNOWN_TAGS = ASK_TAGS | CONTEXT_TAGS | DROPPED_TAGS

_TAG = re.compile(r"<(/?)([A-Za-z][\w-]{2,40})(?:\s[^<>]{0,300})?>")
_REQUEST_HEADING = re.compile(r"^#{1,3} My request(?: for \w{1,20})?:?[ \t]*$", re.MULTILINE)
_BOILERPLATE_LINES = re.compile(
    r"^(?:# AGENTS\.md instructions\b|# Context from my IDE setup|Caveat: The messages below were "
    r"generated|\[Request interrupted by user|\[Image #?\d*\]|\[Image: ).*$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Stripped:
    """A turn's text: `ask` is what the person wrote, `context` what a tool attached to it."""

    ask: str = ""
    context: str = ""


def windows(text: str, size: int = WINDOW_CHARACTERS) -> tuple[str, ...]:
    """Return the whole text, or its first and last `size` characters where it is longer."""
    return (text,) if len(text) <= 2 * size else (text[:size], text[-size:])


def strip_wrappers(text: str) -> Stripped:
    """Sort a user turn's text into ask and attached context, dropping tools' own blocks."""
    parts = windows(text)
    sorter = _Sorter()
    for number, part in enumerate(parts):
        sorter.sort(part, cut_start=number > 0, cut_end=number < len(parts) - 1)
    prose = _plain("\n".join(sorter.prose))
    if not sorter.asks:
        return Stripped(ask=prose, context="\n".join(sorter.context).strip())
    ask = _plain("\n".join(sorter.asks))
    return Stripped(ask=ask, context="\n".join([*sorter.context, prose]).strip())


class _Sorter:
    """Sorts windows into prose, asks (from tags that say so) and context."""

    def __init__(self, depth: int = 0) -> None:
        self.prose: list[str] = []
        self.asks: list[str] = []
        self.context: list[str] = []
        self._depth = depth

    def sort(self, text: str, *, cut_start: bool = False, cut_end: bool = False) -> None:
        """Walk over known tags. `cut_*`: the window begins or ends in mid-text, maybe in a block."""
        position = 0
        known = (tag for tag in _TAG.finditer(text) if _name(tag) in _KNOWN_TAGS)
        for tag in islice(known, MAX_TAGS):
            if tag.start() < position:
                continue
            if tag[1]:
                if cut_start:
                    position = self._end_orphan(text, position, tag)
                continue
            closing = f"</{tag[2]}>"
            end = text.find(closing, tag.end())
            if end < 0 and not cut_end:
                continue  # Not a block: a word in angle brackets.
            self.prose.append(text[position : tag.start()])
            self._keep(_name(tag), text[tag.end() : end if end >= 0 else None])
            position = end + len(closing) if end >= 0 else len(text)
        self.prose.append(text[position:])

    def _end_orphan(self, text: str, position: int, tag: re.Match[str]) -> int:
        """Give a block that began before the window its due; return where to go on."""
        inner = "\n".join([*self.prose[1:], text[position : tag.start()]])
        del self.prose[1:]
        self._keep(_name(tag), inner)
        return tag.end()

    def _keep(self, name: str, inner: str) -> None:
        """Put one block's content where its tag says it belongs."""
        if name in CONTEXT_TAGS:
            self.context.append(inner)
        elif name in ASK_TAGS and self._depth < MAX_DEPTH:
            nested = _Sorter(self._depth + 1)
            nested.sort(inner)
            self.asks.extend(nested.asks or nested.prose)
            self.context.extend(nested.context)


def _name(tag: re.Match[str]) -> str:
    return tag[2].lower().replace("-", "_")


def _plain(text: str) -> str:
    """Cut a heading-style preamble and tools' fixed lines off."""
    heading = _REQUEST_HEADING.search(text)
    if heading:
        text = text[heading.end() :]
    return _BOILERPLATE_LINES.sub("", text).strip()
