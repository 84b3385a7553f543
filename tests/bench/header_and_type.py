"""``python header_and_type.py FOLDER AT_ONCE``: check a folder by the floor, header and type rules alone.

What ``mmscheck check`` does, with a profile of the families http and mime, one request for each URL, and no
manners towards the one loopback host; a process of its own for benchmarks.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from mmscheck.checks import READS_PROBES
from mmscheck.cli.check import read_messages
from mmscheck.cli.paths import document_paths
from mmscheck.cli.running import run
from mmscheck.fetch import FetchPolicy
from mmscheck.judge import gate
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.model.rule import FLOOR

ROOT = Path(__file__).parents[2]
FAMILIES = ("http", "mime")


def main() -> int:
    """The gate's exit code."""
    folder, at_once = sys.argv[1], int(sys.argv[2])
    policy = FetchPolicy(allow_net=("127.0.0.1/32",), per_host=at_once, max_concurrency=at_once)
    ruleset = load_rules()
    families = {path.stem for family in FAMILIES for path in (ROOT / "rules" / family).glob("*.toml")}
    asked_once = (rule for rule in ruleset.rules if not READS_PROBES.get(rule.check.name))
    rules = tuple(rule for rule in asked_once if rule.id in families | FLOOR)
    ruleset = msgspec.structs.replace(ruleset, rules=rules)
    messages, unread = read_messages(document_paths((folder,)).documents)
    report = run(check(messages, ruleset, policy, unread=unread))
    return int(gate.verdict(report).exit_code)


if __name__ == "__main__":
    raise SystemExit(main())
