"""What a click asks of the daemon, and what is said where it was not done."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from routerd.client import DaemonClient, DaemonError, NotRunning
from tray import actions as tray_actions
from tray.actions import Actions, NotDone
from tray.autostart import Xdg
from tray.view import Action

Posted = tuple[str, Mapping[str, Any]]


class Client(DaemonClient):
    """Keeps what was posted and answers with `answer`."""

    def __init__(self, answer: Any) -> None:
        super().__init__(Path("/nowhere"))
        self.answer = answer
        self.posted: list[Posted] = []

    @override
    def post(self, path: str, body: Any = None) -> Any:
        self.posted.append((path, body))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("action", "answer", "posted"),
    [
        (
            Action("offline", "on"),
            {"offline": True},
            ("/control/offline", {"offline": True, "by": "tray"}),
        ),
        (
            Action("offline", "off"),
            {"offline": False},
            ("/control/offline", {"offline": False, "by": "tray"}),
        ),
        (Action("profile", "best"), {}, ("/control/profile", {"profile": "best"})),
        (Action("pause", "1800"), {}, ("/control/pause", {"for_s": 1800})),
        (Action("pause", ""), {}, ("/control/pause", {})),
        (Action("resume"), {}, ("/control/resume", {})),
        (Action("stop"), {}, ("/control/shutdown", {})),
    ],
)
def test_each_click_asks_the_daemon_once(
    action: Action, answer: object, posted: Posted, tmp_path: Path
) -> None:
    client = Client(answer)
    Actions(tmp_path, client, None).carry_out(action)
    assert client.posted == [posted]


@pytest.mark.parametrize(
    ("action", "to"),
    [
        (Action("dashboard"), "/dashboard/"),
        (Action("why", "1a2b"), "/dashboard/?d=1a2b"),
        (Action("egress"), "/dashboard/egress"),
    ],
)
def test_the_dashboard_is_opened_where_it_was_asked_for_by_a_link_used_once(
    action: Action, to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(tray_actions.webbrowser, "open", lambda url: opened.append(url) or True)
    client = Client({"url": "http://127.0.0.1:1/dashboard/open#code"})
    Actions(tmp_path, client, None).carry_out(action)
    assert client.posted == [("/control/dashboard-link", {"to": to})]
    assert opened == ["http://127.0.0.1:1/dashboard/open#code"]
    monkeypatch.setattr(tray_actions.webbrowser, "open", lambda _: False)
    with pytest.raises(NotDone, match="No browser could be opened"):
        Actions(tmp_path, client, None).carry_out(action)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"offline": True}, "Offline mode is still on"),
        ({}, "Offline mode is still on"),
        (DaemonError("The daemon was started with --airgap.", 409), "started with --airgap"),
        (NotRunning("routerd is not running"), "not running"),
    ],
)
def test_only_the_daemons_word_counts(answer: object, words: str, tmp_path: Path) -> None:
    with pytest.raises(NotDone, match=words):
        Actions(tmp_path, Client(answer), None).carry_out(Action("offline", "off"))


def test_start_at_login_is_written_and_removed_on_a_click_alone(tmp_path: Path) -> None:
    entry = Xdg(tmp_path / "config")
    actions = Actions(tmp_path / "home", Client({}), entry)
    assert not entry.is_on
    actions.carry_out(Action("login", "on"))
    assert entry.command()[-3:] == ["--at-login", "--home", str(tmp_path / "home")]
    actions.carry_out(Action("login", "off"))
    assert not entry.is_on
    with pytest.raises(NotDone, match="can't be set"):
        Actions(tmp_path, Client({}), None).carry_out(Action("login", "on"))


def test_a_start_that_fails_tells_the_daemons_own_words(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("prot = 1\n", encoding="utf-8")
    with pytest.raises(NotDone, match="unknown key"):
        Actions(tmp_path, Client({}), None).carry_out(Action("start"))


def test_what_it_does_not_know_is_no_crash(tmp_path: Path) -> None:
    with pytest.raises(NotDone, match="does not know 'dance'"):
        Actions(tmp_path, Client({}), None).carry_out(Action("dance"))
