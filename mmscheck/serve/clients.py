"""By which of the provider's APIs a call goes out: that in which its document is written."""

from __future__ import annotations

from collections.abc import Mapping

from mmscheck.model.words import Dialect
from mmscheck.serve.problem import ProblemError
from mmscheck.sinch import SinchClient
from mmscheck.slidexml import is_json

Clients = Mapping[Dialect, SinchClient]
"""What calls the provider, by the API that it speaks."""


def api_of(document: bytes) -> Dialect:
    """The API in which a document is written, as its reader tells it: whatever else is wrong with it."""
    return Dialect.JSON if is_json(document) else Dialect.XML


def keys_of(clients: Clients) -> tuple[str, ...]:
    """The keys that the calls are made with: secrets to be kept nowhere."""
    return tuple(sorted({client.api_key for client in clients.values()}))


def speaks(clients: Clients, document: bytes) -> bool:
    """Whether there is a client for this document."""
    return api_of(document) in clients


def demand_client(clients: Clients, document: bytes) -> SinchClient:
    """What makes the calls about a document; the problem of a service that was started for the other API."""
    api = api_of(document)
    client = clients.get(api)
    if client is None:
        (other,) = clients
        raise ProblemError(
            "other-api",
            f"The document is written for the {api.upper()} API, and this service was started with "
            f"--api {other}, with a key for that one. Send it to a service with --api {api}, or to one "
            "without --api, which calls both with one key. Nothing was called.",
        )
    return client
