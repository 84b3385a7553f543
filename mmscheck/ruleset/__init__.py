"""Rule files to a RuleSet: strict, every fault at once."""

from __future__ import annotations

from mmscheck.model.waiver import Waiver
from mmscheck.ruleset.config import OWN_FILE, SHARED_FILE, Change, Config, demand_folders, load_config
from mmscheck.ruleset.finding import NETWORK_KEYS, find_config, find_configs, is_for_pull_request
from mmscheck.ruleset.load import load_all_rules, load_ruleset
from mmscheck.ruleset.stale import stale_limits

__all__ = [
    "NETWORK_KEYS",
    "OWN_FILE",
    "SHARED_FILE",
    "Change",
    "Config",
    "Waiver",
    "demand_folders",
    "find_config",
    "find_configs",
    "is_for_pull_request",
    "load_all_rules",
    "load_config",
    "load_ruleset",
    "stale_limits",
]
