"""The page of all rules, ``docs/rules.md``, generated from the rule files.

``python -m mmscheck.cli.rules_page`` prints it, ``--write`` renews the file, ``--check`` exits with 1 when
it is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from mmscheck.cli.rules_explain import code_meanings
from mmscheck.cli.rules_read import read_entries
from mmscheck.cli.say import say, write_stdout
from mmscheck.report.rule_page import render_page
from mmscheck.ruleset import Config

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "rules.md"
"""The page as committed; there is one in a checkout only."""

_USAGE = "usage: python -m mmscheck.cli.rules_page [--write | --check]"


def page_text() -> str:
    """The page of the program's own rules, whatever the configuration here."""
    entries = read_entries(Config())
    codes = sorted({code for entry in entries for code in entry.rule.provider_codes})
    return render_page(entries, code_meanings(tuple(codes)))


def main(argv: Sequence[str]) -> int:
    """Print, write or check; returns the exit code: 0, 1 when stale, 2 for wrong usage."""
    match list(argv):
        case []:
            write_stdout(page_text())
        case ["--write"]:
            COMMITTED.parent.mkdir(exist_ok=True)
            COMMITTED.write_text(page_text(), encoding="utf-8")
        case ["--check"]:
            return _check()
        case _:
            say(_USAGE)
            return 2
    return 0


def _check() -> int:
    if COMMITTED.is_file() and COMMITTED.read_text(encoding="utf-8") == page_text():
        return 0
    say("docs/rules.md is stale; renew it: python -m mmscheck.cli.rules_page --write")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
