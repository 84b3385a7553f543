"""Options that an environment variable may give: a flag wins over it, and it wins over the configuration."""

from __future__ import annotations

import os
from typing import Any

import click

from mmscheck.errors import UsageError


def by_variable(name: str, expected: str) -> dict[str, Any]:
    """What makes an option of click take this variable; set to nothing it is no way to say "the default"."""

    def demand(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
        # click takes an empty variable for none.
        if value is None and name in os.environ:
            raise UsageError(f"{name} is empty: give it {expected}, or unset it")
        return value

    return {"envvar": name, "callback": demand}
