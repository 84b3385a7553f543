"""Checks of every text of a message: whether it says what its author wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from mmscheck.base.text import listed, quoted
from mmscheck.checks import mojibake
from mmscheck.checks.characters import suggested
from mmscheck.checks.observed import MOST_KEPT
from mmscheck.checks.tags import masked
from mmscheck.model.check import Check, MessageTarget, NoParams, Result, failed, inapplicable, passed
from mmscheck.model.words import TargetKind


class Spoilt(msgspec.Struct, frozen=True, kw_only=True):
    """One text with what is wrong in it, and how it should read; empty when nobody can tell."""

    where: str
    wrong: str
    instead: str


def no_entities(target: MessageTarget, _: NoParams) -> Result:
    """No text holds character references of HTML, which phones show letter by letter."""

    def look(where: str, text: str) -> Spoilt | None:
        found = mojibake.entities(masked(text))
        wrong = listed(list(dict.fromkeys(found)), separator=", ")
        return Spoilt(where=where, wrong=wrong, instead=mojibake.unescaped(text)) if found else None

    return _judged(target, look)


def decoded_right(target: MessageTarget, _: NoParams) -> Result:
    """No text is UTF-8 that was read as another encoding, or has lost characters."""

    def look(where: str, text: str) -> Spoilt | None:
        known = masked(text)
        encoding = mojibake.misread_as(known)
        if encoding is not None:
            wrong = f"UTF-8 that was read as {mojibake.title(encoding)}"
            return Spoilt(where=where, wrong=wrong, instead=mojibake.mended(text))
        lost = known.count(mojibake.LOST)
        return Spoilt(where=where, wrong=f"characters that were lost ({lost})", instead="") if lost else None

    return _judged(target, look)


def _judged(target: MessageTarget, look: Callable[[str, str], Spoilt | None]) -> Result:
    texts = list(_texts(target))
    found = [spoilt for where, text in texts if (spoilt := look(where, text))]
    if not texts:
        return inapplicable("the message has no text")
    if not found:
        return passed(texts=len(texts))
    evidence = {"texts": msgspec.to_builtins(found[:MOST_KEPT]), "count": len(found)}
    return failed(evidence, found=listed([_told(one) for one in found]))


def _told(one: Spoilt) -> str:
    # A subject has to be plain, so what is suggested for it is.
    instead = suggested(one.instead) if one.where == "the subject" else one.instead
    told = f"{one.where} holds {one.wrong}"
    return f'{told} (write "{quoted(instead)}")' if instead else told


def _texts(target: MessageTarget) -> Iterator[tuple[str, str]]:
    if target.effective.subject:
        yield "the subject", target.effective.subject
    if target.message.name and target.message.name.value:
        yield "the name", target.message.name.value
    for number, text in target.effective.texts.items():
        if text:
            yield f"the text of slide {number}", text


CHECKS: tuple[Check, ...] = (
    Check(name="no-html-entities", target=TargetKind.MESSAGE, run=no_entities, reports=frozenset({"found"})),
    Check(name="decoded-right", target=TargetKind.MESSAGE, run=decoded_right, reports=frozenset({"found"})),
)
"""What this family offers to rule files."""
