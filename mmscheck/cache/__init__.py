"""Observations of earlier checks, kept for a short time."""
