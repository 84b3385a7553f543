"""Run the command line as ``python -m mmscheck``."""

from __future__ import annotations

from mmscheck.cli.main import entry

if __name__ == "__main__":
    entry()
