"""Secrets, kept by the operating system's keyring and nowhere else."""
