"""The first message to a number: it says who sends it, and how to stop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from mmscheck.model.check import Check, NoParams, RequestTarget, Result, failed, inapplicable, passed
from mmscheck.model.effective import effective
from mmscheck.model.vocabulary import ListKind, WordList
from mmscheck.model.words import TargetKind

_ASKING = (
    r"reply|text|txt|send|respond|type|responde|responda|env[ií]a|r[eé]pondez|textez|envoyez|sende|antworte"
)
_QUOTES = "\"'\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"


def says_how_to_stop(target: RequestTarget, _: NoParams) -> Result:
    """Any of its texts names a way to opt out."""
    if (beside := _not_about(target)) is not None:
        return beside
    patterns = [_pattern(*_entries(each)) for each in target.vocabulary.of(ListKind.OPT_OUT)]
    if any(pattern.search(text) for text in _texts(target) for pattern in patterns):
        return passed()
    return failed()


def names_sender(target: RequestTarget, _: NoParams) -> Result:
    """Any of its texts has one of the names that the configuration gives the sender."""
    names = target.vocabulary.sender_names
    if not names:
        return inapplicable("no names of the sender are known (sender-names, in the configuration)")
    if (beside := _not_about(target)) is not None:
        return beside
    wanted = [" ".join(name.casefold().split()) for name in names]
    said = [" ".join(text.casefold().split()) for text in _texts(target)]
    if any(name in text for text in said for name in wanted):
        return passed()
    return failed(names=", ".join(names))


def _not_about(target: RequestTarget) -> Result | None:
    if target.first is None:
        return inapplicable("no ledger tells whether it is the first message to the number")
    if not target.first:
        return inapplicable("the number has had a message before")
    if not any(text.strip() for text in _texts(target)):
        return inapplicable("the message has no text, and what pictures say is not read")
    return None


def _texts(target: RequestTarget) -> Iterator[str]:
    as_sent = effective(target.message, target.request.changes)
    yield as_sent.subject or ""
    yield from as_sent.texts.values()


def _entries(words: WordList) -> tuple[tuple[str, ...], ...]:
    return tuple(words.topics.get(name, ()) for name in ("capitals", "replies", "phrases"))


@lru_cache(maxsize=8)
def _pattern(
    capitals: tuple[str, ...], replies: tuple[str, ...], phrases: tuple[str, ...]
) -> re.Pattern[str]:
    """A phrase anywhere; a word to reply in capitals, in quotation marks, or behind what asks for it.

    Who says to stop by asks nobody to reply, and so does a non-stop sale.
    """
    words = "|".join(map(re.escape, (*capitals, *replies)))
    loud = "|".join(re.escape(word.upper()) for word in capitals)
    said = "|".join(map(re.escape, phrases))
    return re.compile(
        rf"(?<![^\W_])(?<!-)(?:(?i:{said})|{loud})(?![^\W_])"
        rf"|[{_QUOTES}](?i:{words})[{_QUOTES}]"
        rf"|(?i:\b(?:{_ASKING})(?: with)?:? (?:{words})\b)"
    )


CHECKS: tuple[Check, ...] = (
    Check(name="first-says-how-to-stop", target=TargetKind.REQUEST, run=says_how_to_stop),
    Check(
        name="first-names-sender", target=TargetKind.REQUEST, run=names_sender, reports=frozenset({"names"})
    ),
)
"""Every check of the family."""
