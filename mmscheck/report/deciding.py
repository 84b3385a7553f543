"""What would decide what could not be decided, and who can do that: by the reason that the checks give.

For groups that no finding leads: their rules have fixes for what they look for, and not for its being hidden.
"""

from __future__ import annotations

import msgspec

from mmscheck.model.report import Evaluation
from mmscheck.model.words import Owner


class _Case(msgspec.Struct, frozen=True):
    """A piece of a reason, who can have it decided, and how."""

    piece: str
    owner: Owner
    words: str


_CASES = (
    _Case(
        "the bytes do not show their type",
        Owner.CONTENT,
        "Open the file in a program for what its name says. If it opens, export it anew from there in a"
        " format that the provider lists; if it does not, its beginning is damaged: upload it again.",
    ),
    _Case(
        "stopped after",
        Owner.CONTENT,
        "Check again while this machine is less busy: the file took longer to decode than it may. If it"
        " stops again, export it smaller or shorter.",
    ),
    _Case(
        "CPU time was used up",
        Owner.CONTENT,
        "Export the file smaller or shorter, or in another program: decoding it takes more time than it may.",
    ),
    _Case(
        "more memory than",
        Owner.CONTENT,
        "Export the file smaller: opening it takes more memory than a medium for a handset can need.",
    ),
    _Case(
        "the bytes could not be looked at",
        Owner.CONTENT,
        "Check again. If it stays so, export the file anew in another program: the one that looked at it"
        " broke off, and it may do so elsewhere.",
    ),
    _Case(
        "the worker process died",
        Owner.CONTENT,
        "Check again. If it stays so, export the file anew in another program: the decoder broke off on it,"
        " and a handset's may too.",
    ),
    _Case(
        "could not be decoded",
        Owner.CONTENT,
        "Open the file in the program that made it and export it again as a plain JPEG, PNG, MP3 or MP4.",
    ),
    _Case(
        "was not read to its end",
        Owner.HOSTING,
        "Let the server send the whole answer in time: see how long a download of it takes from elsewhere.",
    ),
    _Case(
        "with gzip accepted",
        Owner.SENDER,
        "Check again with the further requests switched on, so that the server is asked in that way too.",
    ),
)
"""The first whose piece is in the reason is told."""

NAMED = "Mend what the reason names, then check again."
"""For a rule without a fix of its own."""

UNFETCHED = (
    "Let the file be fetched: try its URL with curl from a machine outside your network, and mend what it"
    " shows. Then check again."
)
"""The same for a file that did not come, where no finding of the report tells why."""


def decision(item: Evaluation) -> tuple[str, Owner]:
    """What would decide this finding, and who can do it; its rule's fix where the reason tells neither."""
    for case in _CASES:
        if case.piece in item.reason:
            return case.words, case.owner
    return item.fix.split("\n")[0] or NAMED, item.owner
