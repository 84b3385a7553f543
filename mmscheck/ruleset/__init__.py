"""Rule files to a RuleSet: strict, every fault at once."""

from __future__ import annotations

from mmscheck.model.waiver import Waiver
from mmscheck.ruleset.config import OWN_FILE, SHARED_FILE, Change, Config, find_config, load_config
from mmscheck.ruleset.load import load_all_rules, load_ruleset
from mmscheck.ruleset.stale import stale_limits

__all__ = [
    "OWN_FILE",
    "SHARED_FILE",
    "Change",
    "Config",
    "Waiver",
    "find_config",
    "load_all_rules",
    "load_config",
    "load_ruleset",
    "stale_limits",
]
