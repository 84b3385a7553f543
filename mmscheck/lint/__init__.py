"""Messages and media files judged without a network."""
