"""The only way out of this process."""
