"""The detectors taken from detect-secrets."""

from routerd.screening import library


def test_each_group_of_the_library_gives_detectors_with_the_secret_as_their_find() -> None:
    found = library.detectors()
    assert len({detector.id for detector in found}) >= 20
    github = next(d for d in found if d.id == "github-pat")
    key = "ghp_" + "a1B2" * 9
    text = f"token: {key}."
    assert [text[a:b] for a, b in github.find(text, text.lower())] == [key]


def test_gitlab_and_npm_keys_are_found_whole() -> None:
    text = "glpat-abcdef12345678901234 //registry.corp/:_authToken=npm_" + "a1b2" * 9
    spans = {
        text[a:b]
        for detector in library.detectors()
        if detector.id in ("gitlab-pat", "npm-registry-auth")
        for a, b in detector.find(text, text.lower())
    }
    assert "glpat-abcdef12345678901234" in spans
    assert len(spans) == 2
