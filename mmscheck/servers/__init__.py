"""Who answered, and what helps there."""
