"""What routerd remembers, in one SQLite file; nothing here chooses a model or reads a prompt."""
