"""The manners, limits and permissions of one run of fetching."""

from __future__ import annotations

import math
import ssl
from importlib.metadata import PackageNotFoundError, version

import msgspec

from mmscheck.errors import UsageError
from mmscheck.fetch.connect_to import ConnectTo
from mmscheck.fetch.guard import Networks, parse_networks
from mmscheck.fetch.proxy import parse_proxy
from mmscheck.fetch.tls import trust
from mmscheck.model.observation import ProbeName


def default_user_agent() -> str:
    """The product and its version: honest, and without words that bad-robot filters look for."""
    try:
        return f"mmscheck/{version('mmscheck')} (MMS media preflight)"
    except PackageNotFoundError:
        return "mmscheck (MMS media preflight)"


class FetchPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How to fetch.

    ``timeout`` is seconds of work for one attempt at one URL with all its redirects (waiting for a free
    slot is not counted); ``deadline`` seconds for the whole run; ``backoff`` seconds before the first
    repeat, doubled each time; ``max_bytes`` the size of the largest body read whole. ``allow_net`` are
    CIDR networks that the address guard lets through. ``first_byte`` is seconds from the start of an attempt
    at one hop to the first byte of its answer; ``min_throughput`` bytes of body per second, below which a
    download is given up; ``rate`` requests per second to one host, None for as fast as its slots allow;
    ``proxy`` the http:// URL that all requests go through, and with them the guarding of addresses.
    ``probes`` are made after each first answer, the deep ones only when asked for; ``repeats`` is how often
    the whole file is asked for again by `ProbeName.REPEAT`.
    """

    timeout: float = 30.0
    deadline: float = 120.0
    max_concurrency: int = 64
    per_host: int = 4
    max_bytes: int = 64 * 1024 * 1024
    retries: int = 2
    backoff: float = 0.25
    max_redirects: int = 5
    allow_net: tuple[str, ...] = ()
    connect_to: tuple[ConnectTo, ...] = ()
    ca_file: str | None = None
    first_byte: float = 15.0
    min_throughput: int = 1024
    rate: float | None = None
    proxy: str | None = None
    probes: tuple[ProbeName, ...] = ()
    repeats: int = 3
    user_agent: str = msgspec.field(default_factory=default_user_agent)


def check_policy(policy: FetchPolicy) -> tuple[Networks, ssl.SSLContext | None]:
    """The networks that a policy opens, and whom it trusts (None: the system's authorities alone).

    Raises `UsageError` for a policy that nothing could be fetched with: a number, a network, a file of
    certificates, a User-Agent, a proxy.
    """
    for name in ("timeout", "deadline", "first_byte"):
        value = getattr(policy, name)
        if not (math.isfinite(value) and value > 0):
            raise UsageError(f"{name} must be a number of seconds above 0, not {value:g}")
    for name, least in (("max_concurrency", 1), ("per_host", 1), ("max_bytes", 1)):
        _at_least(name, getattr(policy, name), least)
    for name in ("retries", "max_redirects", "backoff", "min_throughput", "repeats"):
        _at_least(name, getattr(policy, name), 0)
    if policy.rate is not None and not (math.isfinite(policy.rate) and policy.rate > 0):
        raise UsageError(f"rate must be requests per second above 0, not {policy.rate:g}")
    if parse_proxy(policy.proxy) and policy.connect_to:
        raise UsageError("--proxy and --connect-to cannot go together: the proxy chooses the address")
    if not policy.user_agent.isascii() or not policy.user_agent.isprintable():
        raise UsageError("user_agent must be printable ASCII")
    return parse_networks(policy.allow_net), trust(policy.ca_file)


def _at_least(name: str, value: float, least: int) -> None:
    if not value >= least or not math.isfinite(value):
        raise UsageError(f"{name} must be {least} or more, not {value:g}")
