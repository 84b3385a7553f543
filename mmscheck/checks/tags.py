"""Merge tags that are left in a text: what they will turn into is not known.

A subject or text with such a tag must not pass as if it were known, so every check of an effective
text asks here first which parts of it are certain.
"""

from __future__ import annotations

from mmscheck.base.text import enumerated, quoted
from mmscheck.model.effective import TAG

OPENING = "{$"
"""How every merge tag begins."""

TAG_SHOWN = 40
"""Characters of a tag that a message quotes."""

NAMED = 5
"""Tags that a reason names before it only counts them."""


def certain(text: str) -> str:
    """The text with every closed tag taken out: the least that will be there."""
    return TAG.sub("", text)


def masked(text: str) -> str:
    """The text with every closed tag overwritten by spaces, so that positions stay as they are."""
    return TAG.sub(lambda tag: " " * len(tag.group(0)), text)


def unknown(text: str) -> str:
    """Why the text is not known, as the end of a sentence; empty when all of it is known."""
    names = list(dict.fromkeys(quoted(tag.group(0), TAG_SHOWN) for tag in TAG.finditer(text)))
    if len(names) > NAMED:
        names = [*names[:NAMED], f"{len(names) - NAMED} more"]
    if names:
        return (
            f"the {'value' if len(names) == 1 else 'values'} of {enumerated(names)} {_are(names)} not known"
        )
    start = text.find(OPENING)
    if start >= 0:
        begun = quoted(text[start : start + TAG_SHOWN + 1], TAG_SHOWN)
        return f'the merge tag that begins "{begun}" is not closed'
    return ""


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
