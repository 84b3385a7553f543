"""Options that an environment variable may give: a flag wins over it, and it wins over the configuration."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import Any

import click

from mmscheck.errors import UsageError
from mmscheck.ruleset import Config

_SENT = ("from_", "service_id", "fallback_sms_text", "operator_id")
"""Options of a send that the configuration's ``[send]`` has too, beside the provider's address."""


def by_variable(name: str, expected: str) -> dict[str, Any]:
    """What makes an option of click take this variable; set to nothing it is no way to say "the default"."""

    def demand(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
        # click takes an empty variable for none.
        if value is None and name in os.environ:
            raise UsageError(f"{name} is empty: give it {expected}, or unset it")
        return value

    return {"envvar": name, "callback": demand}


def filled(given: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """The options, with the configuration's ``[send]`` for those that nobody gave.

    Raises UsageError for an address of the provider in a file that was only found: the API key goes there,
    and who brings messages may bring such a file.
    """
    found = dict(given)
    url = config.send.api_url
    if found["api_url"] is None and url is not None:
        if given["config_file"] is None:
            raise UsageError(
                f"{config.path}: send.api-url: the API key goes to that address, so it counts only in a file "
                f"that is named: give --config {shlex.quote(str(config.path))}, or give the address by "
                "--api-url or MMSCHECK_API_URL"
            )
        found["api_url"] = url
    for name in _SENT:
        if name in found and found[name] is None:
            found[name] = getattr(config.send, name)
    return found
