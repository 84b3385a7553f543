"""Rule files to a RuleSet: strict, every fault at once."""

from __future__ import annotations

from mmscheck.ruleset.config import Change, Config, find_config, load_config
from mmscheck.ruleset.load import load_all_rules, load_ruleset
from mmscheck.ruleset.waivers import Waiver

__all__ = [
    "Change",
    "Config",
    "Waiver",
    "find_config",
    "load_all_rules",
    "load_config",
    "load_ruleset",
]
