"""Parts rows by where they come from, so that a score is never earned on a known source."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.training.rows import Row

JUDGED = ("real", "harvested")
SHARED_FOLDS = 2
"""Every fold costs a whole training; two let each network see half of the smaller sources."""


def folds(rows: Sequence[Row]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return (name, mask of the rows left out) per fold.

    Every row of a source with people's prompts is left out exactly once, all rows of the source
    together; rows of other sources never. The largest source is a fold of its own; the others
    are dealt out by size.
    """
    people = Counter(row.group for row in rows if row.origin in JUDGED)
    ranked = sorted(people, key=lambda group: (-people[group], group))
    name_of = {
        group: "largest" if place == 0 else f"shared-{place % SHARED_FOLDS}"
        for place, group in enumerate(ranked)
    }
    names = [name_of.get(row.group, "") for row in rows]
    return [
        (name, np.asarray([own == name for own in names]))
        for name in sorted(set(name_of.values()), reverse=True)
    ]
