"""People's prompts as the data folder has them, read once: all rows would take half a minute."""

from functools import cache

from models.training.rows import Row, load_rows


@cache
def peoples() -> tuple[Row, ...]:
    """Return what people typed: the rows that score, and those that are taught."""
    return tuple(load_rows(origins=("held_out", "real", "harvested")))


@cache
def taught_prompts() -> tuple[Row, ...]:
    """Return those of them that are taught."""
    return tuple(row for row in peoples() if row.is_taught)
