"""Rule files to a RuleSet: strict, every fault at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmscheck.base.late import names_of

if TYPE_CHECKING:
    from mmscheck.ruleset.config import OWN_FILE as OWN_FILE
    from mmscheck.ruleset.config import SHARED_FILE as SHARED_FILE
    from mmscheck.ruleset.config import Config as Config
    from mmscheck.ruleset.config import RecipientsTable as RecipientsTable
    from mmscheck.ruleset.config import RuleTable as RuleTable
    from mmscheck.ruleset.config import demand_folders as demand_folders
    from mmscheck.ruleset.config import load_config as load_config
    from mmscheck.ruleset.discovery import NETWORK_KEYS as NETWORK_KEYS
    from mmscheck.ruleset.discovery import find_config as find_config
    from mmscheck.ruleset.discovery import find_configs as find_configs
    from mmscheck.ruleset.discovery import is_for_pull_request as is_for_pull_request
    from mmscheck.ruleset.folder import packaged_root as packaged_root
    from mmscheck.ruleset.limitfile import PublishedLimit as PublishedLimit
    from mmscheck.ruleset.limitfile import published_limits as published_limits
    from mmscheck.ruleset.limitfile import stale_limits as stale_limits
    from mmscheck.ruleset.load import load_all_rules as load_all_rules
    from mmscheck.ruleset.load import load_ruleset as load_ruleset

_HOMES = {
    "Config": "config",
    "NETWORK_KEYS": "discovery",
    "OWN_FILE": "config",
    "PublishedLimit": "limitfile",
    "RecipientsTable": "config",
    "RuleTable": "config",
    "SHARED_FILE": "config",
    "demand_folders": "config",
    "find_config": "discovery",
    "find_configs": "discovery",
    "is_for_pull_request": "discovery",
    "load_all_rules": "load",
    "load_config": "config",
    "load_ruleset": "load",
    "packaged_root": "folder",
    "published_limits": "limitfile",
    "stale_limits": "limitfile",
}

__getattr__ = names_of(__name__, _HOMES)

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the type checker reads the imports above
