"""Rules, messages and observations to evaluations, a report, a verdict and a permit."""
