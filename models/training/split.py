"""Parts rows by where they come from, so that a score is never earned on a known source."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.training.rows import Row

OWN_FOLD_ROWS = 60
"""A source with at least this many rows read by a person is left out alone."""

SHARED_FOLDS = 5
"""The other sources are left out together with others, in this many folds."""


def folds(rows: Sequence[Row]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return (name, mask of the rows left out) per fold; every row is left out exactly once."""
    judged = Counter(row.group for row in rows if row.origin in ("real", "harvested"))
    names = [_fold_name(row.group, judged) for row in rows]
    return [(name, np.asarray([n == name for n in names])) for name in sorted(set(names))]


def _fold_name(group: str, judged: Counter[str]) -> str:
    if judged[group] >= OWN_FOLD_ROWS:
        return group
    number = int.from_bytes(hashlib.sha256(group.encode()).digest()[:4], "big") % SHARED_FOLDS
    return f"shared-{number}"
