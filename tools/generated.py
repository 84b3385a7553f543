"""What is generated from the program and its rules, and committed.

``python -m tools.generated`` exits with 1 and names each file that is stale; with ``--write`` it renews them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from mmscheck.judge import rulebook
from mmscheck.ruleset import Config, schema
from tools import documents_table, limits_page, report_schema, rules_page

ROOT = Path(__file__).resolve().parents[1]


def generated() -> dict[str, str]:
    """The text of every generated file by its path in the checkout."""
    return {
        "README.md": documents_table.readme_file(
            ROOT, (entry.rule for entry in rulebook.read_entries(Config()))
        ),
        "docs/rules.md": rules_page.page_text(),
        "docs/limits.md": limits_page.page_text(),
        "mmscheck/report/report.schema.json": report_schema.schema(),
        "mmscheck/report/report-lines.schema.json": report_schema.lines_schema(),
        **{f"mmscheck/ruleset/{name}": text for name, text in schema.schemas().items()},
    }


def main(argv: Sequence[str], root: Path = ROOT) -> int:
    """Check or write; returns the exit code: 0, 1 when something is stale, 2 for wrong usage."""
    if list(argv) not in ([], ["--write"]):
        sys.stderr.write("usage: python -m tools.generated [--write]\n")
        return 2
    stale = [name for name, text in generated().items() if not _holds(root / name, text)]
    for name in stale:
        if argv:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(generated()[name], encoding="utf-8")
        else:
            sys.stderr.write(f"{name} is stale; renew it: python -m tools.generated --write\n")
    return 1 if stale and not argv else 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
