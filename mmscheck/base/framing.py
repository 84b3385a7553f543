"""What the lines of a response head say of its body: how long it is and how it is coded.

The fetcher refuses by it what has no certain end, notes by it what is odd, and the checks read it off a hop:
what an HTTP library forgives or drops does not matter here. RFC 9110, sections 5.3 and 8.6; RFC 9112, section
6.
"""

from __future__ import annotations

import functools
import re
from enum import Enum, auto

import msgspec

Lines = tuple[tuple[str, str], ...]
"""Names and values of header lines in order of arrival."""

_NUMBER = re.compile(r"[0-9]{1,18}")
"""A number of bytes and nothing else: 18 digits are what a signed 64-bit number always holds."""


class FramingFault(Enum):
    """Why two recipients may disagree about where the body ends."""

    LENGTH_AND_CODING = auto()
    BAD_LENGTH = auto()
    TWO_LENGTHS = auto()
    REPEATED_LENGTH = auto()


class Framing(msgspec.Struct, frozen=True, kw_only=True):
    """The members of all Content-Length lines as one list, and of the two kinds of codings in lower case.

    ``content_codings`` has no ``identity``, the word for none. A name with white space around it counts,
    because some recipients read it as the header; ``padded`` says that there is one. ``faults`` are in the
    order in which one makes the next hard to tell.
    """

    lengths: tuple[str, ...]
    transfer_codings: tuple[str, ...]
    content_codings: tuple[str, ...]
    padded: bool
    faults: tuple[FramingFault, ...]

    @property
    def stated_length(self) -> int | None:
        """The one number of bytes that is stated; also where it is said twice alike, as in ``3, 3``."""
        return _one_number(self.lengths)

    @property
    def body_length(self) -> int | None:
        """The bytes of body to expect; None where the head does not say, or leaves room for doubt."""
        return None if self.faults or self.padded or self.transfer_codings else self.stated_length

    @property
    def chunked(self) -> bool:
        """Whether the body says itself where it ends."""
        return "chunked" in self.transfer_codings

    @property
    def transfer_coded(self) -> bool:
        """Whether any transfer coding but the obsolete ``identity`` is stated."""
        return not {"", "identity"}.issuperset(self.transfer_codings)


@functools.lru_cache(maxsize=256)
def read_framing(headers: Lines) -> Framing:
    """What these lines come down to; kept, as some thirty checks ask about the same few heads."""
    values: dict[str, list[str]] = {"content-length": [], "transfer-encoding": [], "content-encoding": []}
    padded = False
    for name, value in headers:
        if (members := values.get(name.strip().lower())) is not None:
            members += [part.strip(" \t") for part in value.split(",")]
            padded = padded or name != name.strip()
    lengths = tuple(values["content-length"])
    codings = tuple(coding.lower() for coding in values["transfer-encoding"])
    return Framing(
        lengths=lengths,
        transfer_codings=codings,
        content_codings=tuple(
            coding.lower() for coding in values["content-encoding"] if coding.lower() not in {"", "identity"}
        ),
        padded=padded,
        faults=tuple(_faults(lengths, codings)),
    )


def _faults(lengths: tuple[str, ...], codings: tuple[str, ...]) -> list[FramingFault]:
    found = [FramingFault.LENGTH_AND_CODING] if lengths and codings else []
    if not all(map(_NUMBER.fullmatch, lengths)):
        found.append(FramingFault.BAD_LENGTH)
    elif lengths and _one_number(lengths) is None:
        found.append(FramingFault.TWO_LENGTHS)
    elif len(lengths) > 1:
        found.append(FramingFault.REPEATED_LENGTH)
    return found


def _one_number(lengths: tuple[str, ...]) -> int | None:
    if not all(map(_NUMBER.fullmatch, lengths)):
        return None
    numbers = set(map(int, lengths))
    return numbers.pop() if len(numbers) == 1 else None
