"""Bytes to facts, in worker processes."""
