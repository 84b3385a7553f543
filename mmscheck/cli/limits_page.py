"""The page of all limits, ``docs/limits.md``, generated from the limit files.

``python -m mmscheck.cli.limits_page`` prints it, ``--write`` renews the file, ``--check`` exits with 1 when
it is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmscheck.cli.say import say, write_stdout
from mmscheck.errors import RuleSetError
from mmscheck.report.limit_page import Published, render_limits
from mmscheck.ruleset.folder import packaged_root
from mmscheck.ruleset.limitfile import read_file
from mmscheck.ruleset.scope import file_scope
from mmscheck.ruleset.tomlfile import read_toml

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "limits.md"
"""The page as committed; there is one in a checkout only."""

_USAGE = "usage: python -m mmscheck.cli.limits_page [--write | --check]"
_DEFAULT = "The provider (Sinch)"


def published() -> Iterator[Published]:
    """Every number of the program's own limit files, the provider's first. Raises RuleSetError."""
    files = sorted((packaged_root() / "limits").glob("*.toml"), key=lambda file: file.stem != "default")
    faults: list[str] = []
    for path in files:
        scope = file_scope(faults, path)
        raw = read_toml(scope, path)
        file = None if raw is None else read_file(scope, raw)
        if file is None:
            continue
        party = f"{file.name} ({file.kind}, {path.name})" if file.name else _DEFAULT
        for table, entries in file.tables.items():
            for name, entry in entries.items():
                yield Published(
                    party=party,
                    table=table,
                    name=name,
                    value=entry.value,
                    unit=entry.unit,
                    source=entry.source,
                    checked=entry.checked,
                )
    if faults:
        raise RuleSetError(faults)


def page_text() -> str:
    """The page of the program's own limits."""
    return render_limits(published())


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
    say("docs/limits.md is stale; renew it: python -m mmscheck.cli.limits_page --write")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
