"""llama.cpp in a process of its own; the only room that starts processes and loads models."""
