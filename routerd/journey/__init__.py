"""One request from door to memory. Read `route.py` first."""
