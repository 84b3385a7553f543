"""Check, permit, claim, call, record: one send or one save, and the library's gate."""
