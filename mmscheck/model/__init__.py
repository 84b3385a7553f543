"""The values every part speaks in: frozen, without I/O, importing nothing of ours but what is in ``base``."""
