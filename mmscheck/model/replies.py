"""What a person's reply asks for: nothing more (STOP), messages again (START), or something else.

A message wrongly taken for STOP costs one subscriber, and START brings him back; one wrongly taken for
anything else is a text to somebody who said no. So STOP is read widely, and START to the letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum


class ReplyWish(StrEnum):
    """What a reply asks for."""

    STOP = "stop"
    START = "start"


STOP_WORDS = frozenset(
    {
        # 47 CFR 64.1200(a)(10), by FCC 24-24 (Federal Register 2024-03-05, 89 FR 15756): these revoke.
        *("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"),
        # AWS End User Messaging, "Required opt-out keywords" (read 2026-12-01), for the US and Canada.
        *("arret", "optout", "remove", "td"),
        # Telnyx, Braze, Twilio: default keywords (read 2026-12-01).
        *("stopall", "stop all"),
        # CASL and the Spam Act 2003 ask for no certain word; these are the words' own translations.
        *("desabonner", "alto", "parar", "baja", "cancelar", "no mas"),
    }
)
"""A whole reply that asks for nothing more, folded."""

_UNMISTAKABLE = frozenset({"stop", "stopp", "stopall", "unsubscribe", "arret", "optout"})
"""At the beginning or end of a short reply too: "stop texting me", "please stop"."""

_SHORT = 5
"""Words of a reply in which one of these is the point (a judgement)."""

START_WORDS = frozenset({"start", "unstop", "subscribe"})
"""A whole reply that asks for messages again (AWS, Braze, Telnyx: default keywords, read 2026-12-01).

YES, which some take as well, answers any question: it does not undo a STOP here.
"""

_TEXTS = frozenset(
    {"keyword", "messagesubject", "subject", "message", "messagetext", "text", "smstext", "body", "content"}
)
"""Fields of a notification that hold what somebody wrote, also inside others, without case and hyphens."""

_SILENT = re.compile(
    r"[\u0300-\u036f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0e\ufe0f\ufeff]"
)
"""Accents on their own, and what nobody sees: it parts no word."""


def folded_reply(text: str) -> str:
    """Words in lower case, without accents, marks and further blanks; wide and bold letters are letters."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join(re.findall(r"[a-z0-9]+", _SILENT.sub("", plain)))


def wish(text: str) -> ReplyWish | None:
    """What one text asks for; None where it is neither."""
    reply = folded_reply(text)
    # Letter by letter too: S.T.O.P., "un subscribe".
    if reply in STOP_WORDS or reply.replace(" ", "") in STOP_WORDS:
        return ReplyWish.STOP
    words = reply.split(" ")
    if len(words) <= _SHORT and {words[0], words[-1]} & _UNMISTAKABLE:
        return ReplyWish.STOP
    return ReplyWish.START if reply in START_WORDS else None


def wish_of(fields: Mapping[str, str]) -> ReplyWish | None:
    """What the texts of a notification ask for: STOP where any does."""
    found = set(filter(None, map(wish, _texts(fields))))
    if ReplyWish.STOP in found:
        return ReplyWish.STOP
    return ReplyWish.START if found else None


def _texts(fields: Mapping[str, str]) -> Iterable[str]:
    for name, text in fields.items():
        own = name.lower().rpartition("/")[2].partition("#")[0]
        if re.sub(r"[^a-z]", "", own) in _TEXTS:
            yield text
