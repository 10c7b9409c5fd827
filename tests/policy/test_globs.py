"""Globs over paths and names."""

import pytest

from routerd.policy import globs


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("src/billing/**", "src/billing/tax.py", True),
        ("src/billing/**", "/home/me/shop/src/billing/eu/tax.py", True),
        ("src/billing/**", "./src/billing/tax.py", True),
        ("src/billing/**", "C:\\shop\\src\\billing\\tax.py", True),
        ("src/billing/**", "src/billing", True),
        ("src/billing/**", "mysrc/billing/tax.py", False),
        ("src/billing/**", "src/billings/tax.py", False),
        ("**/auth/*.py", "a/b/auth/login.py", True),
        ("**/auth/*.py", "auth/login.py", True),
        ("**/auth/*.py", "a/auth/deep/login.py", False),
        ("*.md", "docs/README.md", True),
        ("/etc/**", "/etc/passwd", True),
        ("/etc/**", "/home/etc/passwd", False),
        ("docs/?.md", "docs/a.md", True),
        ("docs/a+b.md", "docs/aab.md", False),
    ],
)
def test_a_path_fits_from_any_component_on(pattern: str, path: str, fits: bool) -> None:
    assert globs.path_fits(pattern, path) is fits


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("anthropic/*", "anthropic/claude-opus", True),
        ("*opus*", "openrouter/anthropic/claude-opus-4", True),
        ("Claude*", "claude-code/2.1", True),
        ("gpt-4?", "gpt-4o", True),
        ("gpt-4", "gpt-4o", False),
    ],
)
def test_a_name_fits_across_slashes_and_case(pattern: str, name: str, fits: bool) -> None:
    assert globs.name_fits(pattern, name) is fits


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        ("src/a/**", "src/b/**", False),
        ("src/**", "src/b/**", True),
        ("src/*", "src/x.py", True),
        ("cursor*", "claude*", False),
        ("*.py", "src/**", True),
    ],
)
def test_two_globs_that_begin_differently_never_meet(one: str, other: str, may: bool) -> None:
    assert globs.may_both_fit(one, other) is may
    assert globs.may_both_fit(other, one) is may


def test_a_glob_covers_what_begins_as_it_does() -> None:
    assert globs.covers("**", "src/a.py")
    assert globs.covers("src/**", "src/billing/*.py")
    assert not globs.covers("src/billing/**", "src/**")
    assert not globs.covers("src/*.py", "src/a/*.py")


def test_of_several_patterns_any_one_is_enough() -> None:
    assert globs.any_path_fits(("docs/**", "src/billing/**"), "/w/src/billing/tax.py")
    assert globs.any_path_fits(("/etc/**", "*.md"), "/etc/hosts")
    assert not globs.any_path_fits(("/etc/**", "*.md"), "/home/etc/hosts")
    assert not globs.any_path_fits(("docs/**",), "src/a.py")
