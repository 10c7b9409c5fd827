"""Builds the house from its rooms, runs it, and swaps the snapshot when settings change."""
