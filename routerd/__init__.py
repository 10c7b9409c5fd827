"""routerd: one local door for every coding tool, offline first."""

__version__ = "0.1.0"
