import json

import pytest

from routerd.cli.main import main


def test_a_prompt_of_the_command_line_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--json", "write pytest tests for dates.py"]) == 0
    view = json.loads(capsys.readouterr().out)
    assert (view["task"], view["language"]) == ("testing", "python")
