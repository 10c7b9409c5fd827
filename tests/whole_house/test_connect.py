"""A connected client's own token opens the running daemon's doors, until it is taken back."""

import httpx2

from routerd.settings import client_tokens
from tests.fakes.daemon import Daemon, routerd


def test_a_clients_token_is_in_force_at_once_and_gone_at_once(daemon: Daemon) -> None:
    connected = routerd(daemon.home, "connect", "claude-code")
    assert connected.returncode == 0, connected.stderr
    assert "with its own token: it answers" in connected.stdout
    token = client_tokens.read(daemon.home / "client_tokens.json")["claude-code"]
    assert token not in connected.stdout + connected.stderr
    headers = {"authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=daemon.url, headers=headers, trust_env=False) as http:
        assert http.get("/v1/models").status_code == 200
        assert routerd(daemon.home, "disconnect", "claude-code").returncode == 0
        assert http.get("/v1/models").status_code == 401
    assert not (daemon.home / ".claude" / "settings.json").exists()
