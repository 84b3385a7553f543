"""mmscheck: preflight and gate for MMS."""
