"""What the provider tells of a stored message, compared with a file."""

from __future__ import annotations

from mmscheck.model.mms import Mms
from mmscheck.model.request import Template


def differences(message: Mms, stored: Template) -> tuple[str, ...]:
    """Each thing in which they differ, or which the provider did not tell; empty when all agree.

    Name, subject and number of slides. White space at the ends does not count, because an answer may be
    written with line breaks of its own.
    """
    pairs = (
        ("name", message.name.value if message.name else "", stored.name),
        ("subject", message.subject.value if message.subject else "", stored.subject),
        ("number of slides", str(len(message.slides)), stored.slides),
    )
    return tuple(
        sentence for what, own, theirs in pairs if (sentence := _difference(what, own.strip(), theirs))
    )


def _difference(what: str, own: str, theirs: str | None) -> str:
    if theirs is None:
        return f"{what}: the provider does not tell it, so it could not be compared"
    if own == theirs.strip():
        return ""
    return f'{what}: the file has "{own}", the provider "{theirs.strip()}"'
