"""Bytes to a message, whatever they are written in: Sinch's documents, or what other providers take."""

from __future__ import annotations

from collections.abc import Mapping

from mmscheck import slidexml
from mmscheck.errors import UsageError
from mmscheck.model.mms import Mms
from mmscheck.model.provider import Provider

_BEFORE = b" \t\r\n\xef\xbb\xbf\xfe\xff\0"
"""What may stand before a document: blanks, byte order marks, the zeros of wider encodings."""


def read_message(data: bytes, source: str, meant_for: str = "") -> Mms:
    """The message in a document; whatever cannot be read becomes its ``problem``.

    Whose it is is told by its content, or by ``meant_for`` (`meant`).
    """
    return other_message(data, source, meant_for) or slidexml.parse(data, source)


def other_message(data: bytes, source: str, meant_for: str = "") -> Mms | None:
    """The message for another provider, or the list of URLs, that a document holds, if any."""
    if not meant_for and data.lstrip(_BEFORE)[:1] == b"<":
        return None
    from mmscheck import payloads  # noqa: PLC0415 - most documents are Sinch's

    return payloads.parse(data, source, _providers(), meant_for)


def meant(name: str | None) -> str:
    """The provider that somebody named, or ``urls``; empty for None. Raises UsageError for another name."""
    if name is None:
        return ""
    from mmscheck.payloads.reader import LIST  # noqa: PLC0415 - as above

    known = (*_providers(), LIST)
    if name not in known:
        raise UsageError(f"--as {name}: there is no such kind of message; there are {', '.join(known)}")
    return name


def name_of(message: Mms) -> str:
    """What a message for another provider is called, for people; empty for one of Sinch."""
    if message.payload is None:
        return ""
    provider = _providers().get(message.payload.provider)
    if provider is not None:
        return f"a message for {provider.name}"
    return "a list of URLs" if message.problem is None else "no message for Sinch"


def _providers() -> Mapping[str, Provider]:
    from mmscheck.ruleset.providers import other_providers  # noqa: PLC0415 - as above

    return {each.id: each for each in other_providers()}
