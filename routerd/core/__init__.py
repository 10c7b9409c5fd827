"""Values and promises: frozen dataclasses and protocols, standard library only, no I/O."""
