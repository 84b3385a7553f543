"""What the witnesses are given to look at, and how one is asked."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mmscheck.media.refusal import RefusedError
from mmscheck.model.facts import EVERYTHING, Usable
from mmscheck.model.observation import Witness

HEAD = 4 * 1024
"""Bytes that are looked at first. Our media types carry their marks within the first few hundred."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The first bytes of a file or all of them.

    ``size`` is the size of the whole file; ``named`` the type its URL's extension suggests; ``decode`` asks
    for what a decoder finds besides, and ``preview`` beside that for a likeness; both need the whole file.
    ``usable`` is what sound and film have to be to be decoded.
    """

    data: bytes
    size: int
    named: str | None = None
    decode: bool = False
    preview: bool = False
    usable: Usable = EVERYTHING

    @property
    def whole(self) -> bool:
        """Whether ``data`` is the whole file."""
        return len(self.data) == self.size

    def head(self, length: int) -> Sample:
        """The file with no more of it than its first bytes."""
        return Sample(data=self.data[:length], size=self.size, named=self.named)

    @property
    def extent(self) -> str:
        """Which part of the file is here, in words."""
        return "the whole file" if self.whole else f"the first {len(self.data)} of {self.size} bytes"


class WitnessFailedError(Exception):
    """A witness, named ``name``, whose library raised something that says nothing about the bytes."""

    def __init__(self, name: str) -> None:
        """Take the witness's name."""
        super().__init__(name)
        self.name = name


def ask(name: str, look: Callable[[Sample], tuple[str | None, str]], sample: Sample) -> Witness:
    """The witness's answer: a type or None, and how it came by it.

    One whose library refuses the bytes could not tell. Raises WitnessFailedError where mmscheck itself is at
    fault. Running out of memory goes through, because what is asked next would fail for the same reason.
    """
    try:
        type_, detail = look(sample)
    except RefusedError as refused:
        type_, detail = None, str(refused)
    except MemoryError:
        raise
    except Exception as error:
        raise WitnessFailedError(name) from error
    return Witness(name=name, type=type_, detail=detail)
