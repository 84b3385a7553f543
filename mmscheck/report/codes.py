"""Which of a rule's provider codes a person is shown for one medium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mmscheck.model.words import MediaKind

COPY_ERRORS: Mapping[MediaKind, str] = MappingProxyType(
    {
        MediaKind.IMAGE: "E351",
        MediaKind.AUDIO: "E352",
        MediaKind.VIDEO: "E353",
        MediaKind.VCARD: "E355",
        MediaKind.ICAL: "E356",
        MediaKind.PDF: "E357",
        MediaKind.PASSBOOK: "E358",
    }
)
"""The provider's code for a file that it could not copy, by slide element (Sinch XML API, 2015 and 2021)."""

SIZE_ERRORS: Mapping[MediaKind, str] = MappingProxyType(
    {
        MediaKind.IMAGE: "E331",
        MediaKind.AUDIO: "E332",
        MediaKind.VIDEO: "E333",
        MediaKind.VCARD: "E335",
        MediaKind.ICAL: "E336",
        MediaKind.PDF: "E337",
        MediaKind.PASSBOOK: "E338",
    }
)
"""The same for a file that is too big."""


def codes_for(codes: Sequence[str], kind: MediaKind | None) -> tuple[str, ...]:
    """The codes; of a whole family with one code for each slide element only the one for this element."""
    told = tuple(codes)
    for family in (COPY_ERRORS, SIZE_ERRORS):
        if kind is not None and set(family.values()).issubset(codes):
            told = tuple(code for code in told if code not in family.values() or code == family[kind])
    return told
