"""The provider as the command line names it: its address, its API key, and the client that calls it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import click
import msgspec

from mmscheck import media, sinch
from mmscheck import ruleset as rulesets
from mmscheck import send as sends
from mmscheck.cli.environment import API_KEY, by_variable, read_secret, secret
from mmscheck.errors import UsageError
from mmscheck.model.words import Dialect

API_URL = click.option(
    "--api-url",
    metavar="URL",
    help=f"The provider's address; default: MMSCHECK_API_URL, else {sinch.DEFAULT_API_URL}",
    **by_variable("MMSCHECK_API_URL", "the provider's address"),
)


class ProviderOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the provider is, by which of its APIs and in whose name it is called."""

    api: Annotated[
        str | None,
        click.option(
            "--api",
            type=click.Choice([each.value for each in Dialect]),
            help="The provider's API; default: that in which the message is written.",
        ),
    ]
    api_url: Annotated[str | None, API_URL]
    api_key_file: Annotated[
        Path | None,
        click.option("--api-key-file", type=click.Path(path_type=Path), help="Instead of MMSCHECK_API_KEY."),
    ]
    api_ca_file: Annotated[
        str | None,
        click.option(
            "--api-ca-file",
            metavar="FILE",
            help="Trust these certificate authorities (PEM) as well for the provider's address; --ca-file "
            "does not.",
        ),
    ]

    def filled(self, config: rulesets.Config, named: Path | None) -> ProviderOptions:
        """The options, with what the configuration says where nobody gave it; ``named``: by ``--config``.

        Raises UsageError for an address in a file that was only found: the API key goes there, and who brings
        messages may bring such a file.
        """
        api, url = self.api or config.send.api, config.send.api_url
        if self.api_url is not None or url is None:
            return msgspec.structs.replace(self, api=api)
        if named is None:
            raise UsageError(
                f"{config.path}: send.api-url: the API key goes to that address, so it counts only in a file "
                f"that is named: give --config {shlex.quote(str(config.path))}, or give the address by "
                "--api-url or MMSCHECK_API_URL"
            )
        return msgspec.structs.replace(self, api=api, api_url=url)

    @property
    def address(self) -> str:
        """The provider's address that was given, or the usual one; both APIs are at one host."""
        return self.api_url or sinch.DEFAULT_API_URL

    def client(self, api: Dialect) -> sinch.SinchClient:
        """What calls the provider by this API; raises UsageError now for what would be found out too late."""
        if self.api is not None and self.api != api:
            raise UsageError(f"--api {self.api}: this message is written for the {api.upper()} API")
        key = _api_key(self.api_key_file)
        return sinch.SinchClient(api_url=self.address, api_key=key, ca_file=self.api_ca_file, api=api)

    def clients(self) -> dict[Dialect, sinch.SinchClient]:
        """What calls the provider, by the API of a message: by both, unless one of them was named."""
        return {api: self.client(api) for api in Dialect if self.api in {None, api}}

    def account(self) -> str:
        """Where ids are used; a dry run may have no key, and then any of the provider's accounts will do."""
        try:
            key = _api_key(self.api_key_file)
        except UsageError:
            key = None
        return sends.provider_account(self.address, key)


def usable_id(mms_id: str) -> str:
    """An mms-id as the provider gave it; raises UsageError for what can be none."""
    if not mms_id.strip() or not mms_id.isprintable():
        raise UsageError("MMS-ID: expected the id that the provider gave")
    return mms_id.strip()


def _api_key(file: Path | None) -> str:
    media.keep_secret()
    if file is None:
        key, place = secret(API_KEY) or "", API_KEY
    else:
        key, place = read_secret("--api-key-file", file), str(file)
    if not key.strip():
        raise UsageError(f"no API key: {place} is empty; set MMSCHECK_API_KEY or give --api-key-file")
    return key.strip()
