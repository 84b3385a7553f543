"""URLs to observations: the only part that opens sockets to media."""
