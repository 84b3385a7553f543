"""The manners, limits and permissions of one run of fetching, and what its caller hands in."""

from __future__ import annotations

import math
import re
import ssl
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address

import msgspec

from mmscheck.base.version import VERSION
from mmscheck.errors import UsageError
from mmscheck.fetch.guard import Networks, parse_networks
from mmscheck.fetch.proxy import parse_proxy
from mmscheck.fetch.url import canonical_host
from mmscheck.model.observation import Inspected, Observation, ProbeName

Inspector = Callable[[str, bytes], Awaitable[Inspected]]
"""(url, whole body) to the type and the facts of the bytes; awaited once for each file that came whole."""

OnDone = Callable[[str, Observation], None]
"""Told of each URL as soon as its observation is there."""

_FIELD = r"(\[[^\[\]]*\]|[^:\[\]]*)"

_SHAPE = re.compile(rf"{_FIELD}:(\d*):{_FIELD}:(\d*)", re.ASCII)

_LAST_PORT = 65535


class ConnectTo(msgspec.Struct, frozen=True):
    """Connections for ``host``:``port`` go to ``to_host``:``to_port``.

    An empty ``host`` and a ``port`` of None match any. IPv6 addresses are kept without brackets. The
    Host header, the TLS server name and the certificate check stay those of the URL.
    """

    host: str
    port: int | None
    to_host: str
    to_port: int

    def matches(self, host: str, port: int) -> bool:
        """Whether a URL's host and port are meant."""
        return (self.port is None or self.port == port) and (
            not self.host or canonical_host(self.host) == canonical_host(host)
        )


def parse_connect_to(text: str) -> ConnectTo:
    """Read ``HOST:PORT:ADDRESS:PORT``; raise `UsageError` naming what was expected."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise UsageError(
            f"--connect-to {text!r}: expected HOST:PORT:ADDRESS:PORT, with IPv6 addresses in brackets, "
            "such as media.example.com:443:[::1]:8443"
        )
    host, port, to_host, to_port = shape.groups()
    if not to_host.strip("[]"):
        raise UsageError(f"--connect-to {text!r}: expected an address to connect to after HOST:PORT")
    return ConnectTo(
        host=_unbracketed(text, host),
        port=_port(text, port) if port else None,
        to_host=_unbracketed(text, to_host),
        to_port=_port(text, to_port),
    )


def first_match(rules: Iterable[ConnectTo], host: str, port: int) -> ConnectTo | None:
    """The first rule that speaks of this host and port, as in curl."""
    return next((rule for rule in rules if rule.matches(host, port)), None)


def _unbracketed(text: str, host: str) -> str:
    if not host.startswith("["):
        return host
    try:
        return str(ip_address(host[1:-1]))
    except ValueError:
        raise UsageError(f"--connect-to {text!r}: expected an IPv6 address in the brackets") from None


def _port(text: str, digits: str) -> int:
    number = int(digits or "0")
    if not 0 < number <= _LAST_PORT:
        raise UsageError(f"--connect-to {text!r}: expected a port from 1 to 65535, not {digits!r}")
    return number


def default_user_agent() -> str:
    """The product and its version: honest, and without words that bad-robot filters look for."""
    return f"mmscheck/{VERSION} (MMS media preflight)"


class FetchPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How to fetch.

    ``timeout`` is seconds of work for one attempt at one URL with all its redirects (waiting for a free
    slot is not counted); ``deadline`` seconds for the whole run; ``backoff`` seconds before the first
    repeat, doubled each time; ``max_bytes`` the size of the largest body read whole. ``allow_net`` are
    CIDR networks that the address guard lets through. ``first_byte`` is seconds from the start of an attempt
    at one hop to the first byte of its answer; ``min_throughput`` bytes of body per second, below which a
    download is given up; ``rate`` requests per second to one host, None for as fast as its slots allow;
    ``proxy`` the http:// URL that all requests go through, and with them the guarding of addresses.
    ``own_hosts`` pairs hosts, with a port or for all ports, with what each bears in place of ``per_host``.
    ``probes`` are made after each first answer, the deep ones only when asked for; ``repeats`` is how often
    the whole file is asked for again by `ProbeName.REPEAT`.
    """

    timeout: float = 30.0
    deadline: float = 120.0
    max_concurrency: int = 64
    per_host: int = 4
    own_hosts: tuple[tuple[str, int], ...] = ()
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


def trust(ca_file: str | None) -> ssl.SSLContext | None:
    """Trust the system's authorities and those in ``ca_file``; None for the system's alone.

    Raises `UsageError` when the file cannot be used.
    """
    if ca_file is None:
        return None
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--ca-file {ca_file}: expected a readable file of PEM certificates ({error})"
        ) from None
    return context
