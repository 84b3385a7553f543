"""Rule files to a RuleSet: strict, every fault at once."""
