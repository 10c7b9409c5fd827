"""The logistic scale that abilities and difficulties share, safe against numbers that are none."""

import math

K = 1.0
"""Steepness: how sharply P(success) falls as difficulty passes ability."""


def within(value: float, high: float = 1.0, otherwise: float = 0.0) -> float:
    """Return `value` between 0 and `high`; `otherwise` where it is not a number."""
    return otherwise if math.isnan(value) else min(high, max(0.0, value))


def sigmoid(x: float) -> float:
    """Return 1 / (1 + e^-x) without overflow."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-min(x, 700.0)))
    grown = math.exp(max(x, -700.0))
    return grown / (1.0 + grown)
