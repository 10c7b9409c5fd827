"""Writes routerd into the settings of coding tools, and takes it out again. It opens no connection."""
