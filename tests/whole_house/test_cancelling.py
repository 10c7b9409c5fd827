"""A client that leaves: the backend is cancelled within a second, through the whole daemon."""

from pathlib import Path

import openai

from tests.fakes.daemon import Daemon
from tests.fakes.openai_server import FakeOpenAI


def test_a_client_that_leaves_cancels_the_backend_within_a_second(tmp_path: Path) -> None:
    with FakeOpenAI() as upstream:
        # Limits far above a second, so that nothing but the cancelling can end the stream.
        config = (
            "port = 0\ndiscover = false\n[llamacpp]\nenabled = false\n"
            "[timeouts]\nfirst_token_s = 60.0\nidle_s = 60.0\n"
            f'[[provider]]\nname = "up"\nkind = "openai_compatible"\n'
            f'base_url = "{upstream.url}/v1"\n'
        )
        with (
            Daemon(tmp_path / "home", config) as daemon,
            openai.OpenAI(base_url=f"{daemon.url}/v1", api_key=daemon.token) as client,
        ):
            stream = client.chat.completions.create(
                model="up/hang-mid-stream",
                messages=[{"role": "user", "content": "hi"}],
                stream=True,
            )
            next(iter(stream))
            assert not upstream.disconnected.is_set()
            stream.close()
            assert upstream.disconnected.wait(1.0)
            outcome = daemon.client.get("/control/decisions/last")["outcome"]
            assert (outcome["finish"], outcome["success"]) == ("cancelled", None)
