"""Renders the templates. Everything put into one is escaped, whoever it came from."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from routerd.dashboard import words

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
# Name in the address, and what the page is called.
VIEWS: Mapping[str, str] = {
    "decisions": "Decisions",
    "savings": "Savings",
    "models": "Models",
    "performance": "Performance",
    "policy": "Policy",
    "egress": "Egress",
    "sessions": "Sessions",
}
TERMS: Mapping[str, str] = {
    "complexity": "Complexity fit",
    "history": "Track record",
    "cost": "Cost",
    "latency": "Speed",
    "availability": "Availability",
}


def render(name: str, **values: Any) -> str:
    """Return the template `name` (without .html) with these values."""
    return _environment().get_template(f"{name}.html").render(values)


@cache
def _environment() -> "Environment":
    # Imported at the first page: a daemon whose dashboard nobody opens needs none of it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(words.FILTERS)
    made.globals.update(views=VIEWS, terms=TERMS)
    return made
