"""Where routerd keeps its files, and what the user wrote into them."""
