"""Builds the classifier from the data beside it; never imported by routerd."""
