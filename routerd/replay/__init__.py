"""Re-decides recorded outcomes with the daemon's own decision code and weighs cost against quality.

Reads files of outcomes, asks no model, opens no connection. Readings of prompts are handed in.
"""
