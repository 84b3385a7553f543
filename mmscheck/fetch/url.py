"""A URL as text, taken apart without changing it.

The parsers at hand all mend what they read (they drop tabs and newlines, decode, lower, resolve dots), so
that what is fetched would not be what is written in the message. Here only what no request can
carry is changed: a host in other scripts becomes its ASCII form, other non-ASCII characters their UTF-8
percent escapes, and the fragment, which is never sent, is left off.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import AddressValueError, IPv6Address, ip_address

import msgspec

_SHAPE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_PLAIN = re.compile(r"[!-\[\]-~]*")
_PARTS = re.compile(r"//([^/?#]*)([^#]*)")
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_LONGEST_HOST = 253
_LAST_PORT = 65535
_DEFAULT_PORTS = {"http": 80, "https": 443}


class BadUrlError(ValueError):
    """A URL that no request can be made for; the text says what is wrong with it."""


class Target(msgspec.Struct, frozen=True):
    """Where one request goes: ``authority`` and ``path`` (with query) are as on the wire, ASCII only."""

    scheme: str
    authority: str
    host: str
    port: int
    path: str

    @property
    def text(self) -> str:
        """The whole URL as requested, without a fragment."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def key(self) -> str:
        """The server that per-host limits count by."""
        return f"{self.host.lower().removesuffix('.')}:{self.port}"


def parse_url(text: str) -> Target:
    """Take ``text`` apart; raise `BadUrlError` when no http or https request can be made for it."""
    refuse_characters(text)
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise BadUrlError("no scheme: it must start with http:// or https://")
    scheme = shape[1].lower()
    if scheme not in _DEFAULT_PORTS:
        raise BadUrlError(f"the scheme is {scheme}, not http or https")
    parts = _PARTS.match(shape[2])
    if parts is None:
        raise BadUrlError(f"no // after {scheme}:")
    host, port = _host_and_port(parts[1])
    name = _ascii_host(host)
    shown = f"[{name}]" if ":" in name else name
    return Target(
        scheme=scheme,
        authority=shown if port is None else f"{shown}:{port}",
        host=name,
        port=_DEFAULT_PORTS[scheme] if port is None else port,
        path=_ascii_path(parts[2]),
    )


def refuse_characters(text: str) -> None:
    """Raise `BadUrlError` for a character that stands in no URL: white space, control, backslash."""
    if _PLAIN.fullmatch(text):
        return
    for position, character in enumerate(text, start=1):
        if character == "\\":
            raise BadUrlError(f"backslash at character {position}")
        if character.isspace() or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
            raise BadUrlError(f"{_named(character)} at character {position}")


def _named(character: str) -> str:
    kind = "white space" if character.isspace() else "control character"
    return f"{kind} U+{ord(character):04X}"


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise BadUrlError("user name or password before the host")
    bracketed = re.fullmatch(r"\[([^\[\]]*)\](?::(.*))?", authority)
    host, colon, port = authority.partition(":")
    if bracketed:
        host, port, colon = bracketed[1], bracketed[2] or "", "" if bracketed[2] is None else ":"
        _check_ipv6(host)
    elif "[" in authority or "]" in authority:
        raise BadUrlError("the host is not a host name: unmatched brackets")
    if not host:
        raise BadUrlError("no host")
    return host, _port(port) if colon else None


def _check_ipv6(host: str) -> None:
    try:
        IPv6Address(host)
    except AddressValueError:
        raise BadUrlError(f"[{host}] is not an IPv6 address") from None
    if "%" in host:
        raise BadUrlError("an IPv6 address with a zone means something on one machine only")


def _port(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit()) or not 0 < int(digits[:6]) <= _LAST_PORT:
        raise BadUrlError(f"port {digits!r} is not a number from 1 to 65535")
    return int(digits)


def _ascii_host(host: str) -> str:
    if ":" in host:
        return host
    if not host.isascii():
        import idna  # noqa: PLC0415 - hardly any host needs its tables

        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise BadUrlError(f"the host has no ASCII form: {error}") from None
    if len(host) > _LONGEST_HOST or not _HOST.fullmatch(host):
        raise BadUrlError("the host is not a host name")
    return host


def _ascii_path(path: str) -> str:
    escaped = "".join(
        character if character.isascii() else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in path
    )
    return escaped if escaped.startswith("/") else f"/{escaped}"


def canonical_host(host: str) -> str:
    """A form in which two spellings of one host are equal: lower case, no final dot, short IPv6."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host.lower().removesuffix(".")
