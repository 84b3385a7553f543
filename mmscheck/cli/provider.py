"""The provider as the command line names it: its address, its API key, and the client that calls it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mmscheck.cli.secrets import API_KEY, read_secret, secret
from mmscheck.cli.variables import by_variable
from mmscheck.errors import UsageError
from mmscheck.media import keep_secret
from mmscheck.send.order import provider_account
from mmscheck.sinch import DEFAULT_API_URL, SinchClient

API_URL = click.option(
    "--api-url",
    metavar="URL",
    help=f"The provider's address; default: MMSCHECK_API_URL, else {DEFAULT_API_URL}",
    **by_variable("MMSCHECK_API_URL", "the provider's address"),
)
API_KEY_FILE = click.option(
    "--api-key-file", type=click.Path(path_type=Path), help="Instead of MMSCHECK_API_KEY."
)
API_CA_FILE = click.option(
    "--api-ca-file",
    metavar="FILE",
    help="Trust these certificate authorities (PEM) as well for the provider's address; --ca-file does not.",
)


def client(given: Mapping[str, Any]) -> SinchClient:
    """What calls the provider; raises UsageError now for what would be found out too late."""
    key = _api_key(given["api_key_file"])
    return SinchClient(api_url=api_url(given), api_key=key, ca_file=given["api_ca_file"])


def account(given: Mapping[str, Any]) -> str:
    """At which account ids are used; a dry run may have no key, and then any of the provider's will do."""
    try:
        key = _api_key(given["api_key_file"])
    except UsageError:
        key = None
    return provider_account(api_url(given), key)


def api_url(given: Mapping[str, Any]) -> str:
    """The provider's address that was given, or the usual one."""
    return given["api_url"] or DEFAULT_API_URL


def _api_key(file: Path | None) -> str:
    keep_secret()
    if file is None:
        key, place = secret(API_KEY) or "", API_KEY
    else:
        key, place = read_secret("--api-key-file", file), str(file)
    if not key.strip():
        raise UsageError(f"no API key: {place} is empty; set MMSCHECK_API_KEY or give --api-key-file")
    return key.strip()
