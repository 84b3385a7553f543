"""Rule files to a RuleSet: strict, every fault at once."""

from __future__ import annotations

from mmscheck.model.waiver import Waiver
from mmscheck.ruleset.config import OWN_FILE, SHARED_FILE, Config, RuleTable, demand_folders, load_config
from mmscheck.ruleset.discovery import NETWORK_KEYS, find_config, find_configs, is_for_pull_request
from mmscheck.ruleset.limitfile import PublishedLimit, published_limits, stale_limits
from mmscheck.ruleset.load import load_all_rules, load_ruleset

__all__ = [
    "NETWORK_KEYS",
    "OWN_FILE",
    "SHARED_FILE",
    "Config",
    "PublishedLimit",
    "RuleTable",
    "Waiver",
    "demand_folders",
    "find_config",
    "find_configs",
    "is_for_pull_request",
    "load_all_rules",
    "load_config",
    "load_ruleset",
    "published_limits",
    "stale_limits",
]
