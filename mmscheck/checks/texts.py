"""Texts as phones would get them: characters spoilt on the way, and what a fallback SMS has room for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from mmscheck.base import sms
from mmscheck.base.text import code_point, count, is_blank, listed, quoted
from mmscheck.checks import merge_tags
from mmscheck.checks.characters import name_of, suggested
from mmscheck.checks.evidence import MOST_KEPT
from mmscheck.checks.marks import SUBJECT, texts_of
from mmscheck.checks.merge_tags import masked
from mmscheck.model.check import (
    Check,
    MessageTarget,
    NoParams,
    RequestTarget,
    Result,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.words import Because, TargetKind

ENCODINGS = ("cp1252", "mac_roman", "cp850", "cp437")
"""What exports take UTF-8 for, the likeliest first."""

LOST = "\ufffd"
"""What stands where a decoder gave up: the character itself is gone."""

_ROUNDS = 3
"""How often one text is mended: some were spoilt more than once."""

_NAMES = {
    "cp1252": "Windows-1252",
    "mac_roman": "Mac Roman",
    "cp850": "code page 850",
    "cp437": "code page 437",
}

# Leads of UTF-8 whose characters people write: Latin letters, punctuation, currency, emoji. Others would take
# a letter before a quotation mark (Spaß“) for half of a foreign one; Greek and Cyrillic need two in a row.
_SURE = rb"[\xc2-\xc5][\x80-\xbf]|\xe2[\x80-\x9e][\x80-\xbf]|\xef\xb8\x8f|\xef\xbb\xbf|\xf0\x9f[\x80-\xbf]{2}"
_SEQUENCE = re.compile(_SURE + rb"|(?:[\xce-\xd1][\x80-\xbf]){2,}")
_AMBIGUOUS = frozenset(
    "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{SINGLE LOW-9 QUOTATION MARK}"
    "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}"
    "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
    "\N{HORIZONTAL ELLIPSIS}\N{EN DASH}\N{EM DASH}\N{NO-BREAK SPACE}"
)
"""What may rightly stand behind a capital letter with an accent, as in “IRMÔ."""

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def mended(text: str) -> str:
    """The text as it was before its UTF-8 was read as another encoding; as it is where nothing shows that."""
    for _ in range(_ROUNDS):
        found = misread_as(text)
        if found is None:
            return text
        text = _decoded(text, found)
    return text


def misread_as(text: str) -> str | None:
    """The encoding that UTF-8 was taken for, or None."""
    if text.isascii():
        return None
    return next((encoding for encoding in ENCODINGS if _decoded(text, encoding) != text), None)


def title(encoding: str) -> str:
    """An encoding's name for people."""
    return _NAMES[encoding]


def entities(text: str) -> tuple[str, ...]:
    """Every character reference of HTML in the text, as written; a bare ``&`` is none."""
    found = [match.group() for match in _ENTITY.finditer(text)]
    if not found:
        return ()
    import html.entities  # noqa: PLC0415 - two thousand names, and few texts have one

    return tuple(one for one in found if one[1] == "#" or one[1:] in html.entities.html5)


def unescaped(text: str) -> str:
    """The text with its character references put in, also those that were escaped again."""
    for _ in range(_ROUNDS):
        text = _ENTITY.sub(_character, text)
    return text


def _character(reference: re.Match[str]) -> str:
    import html  # noqa: PLC0415 - as above

    return html.unescape(reference.group())


def _decoded(text: str, encoding: str) -> str:
    raw = bytes(_byte(char, encoding) for char in text)
    found = [(match.start(), match.end()) for match in _SEQUENCE.finditer(raw)]
    if not any(_certain(text[start:end]) for start, end in found):
        return text
    pieces, place = [], 0
    for start, end in found:
        pieces += [text[place:start], raw[start:end].decode("utf-8")]
        place = end
    return "".join([*pieces, text[place:]])


def _certain(piece: str) -> bool:
    return len(piece) > len("Ã©") or piece[-1] not in _AMBIGUOUS


def _byte(char: str, encoding: str) -> int:
    """The byte that a decoder made this character of, 0 for none; undefined ones become C1 controls."""
    try:
        return char.encode(encoding)[0]
    except UnicodeEncodeError:
        return ord(char) if encoding == "cp1252" and "\x80" <= char <= "\x9f" else 0


class Spoilt(msgspec.Struct, frozen=True, kw_only=True):
    """One text with what is wrong in it, and how it should read; empty when nobody can tell."""

    where: str
    wrong: str
    instead: str


def no_entities(target: MessageTarget, _: NoParams) -> Result:
    """No text holds character references of HTML, which phones show letter by letter."""

    def look(where: str, text: str) -> Spoilt | None:
        found = entities(masked(text))
        wrong = listed(list(dict.fromkeys(found)), separator=", ")
        return Spoilt(where=where, wrong=wrong, instead=unescaped(text)) if found else None

    return _judged(target, look)


def decoded_right(target: MessageTarget, _: NoParams) -> Result:
    """No text is UTF-8 that was read as another encoding, or has lost characters."""

    def look(where: str, text: str) -> Spoilt | None:
        known = masked(text)
        encoding = misread_as(known)
        if encoding is not None:
            wrong = f"UTF-8 that was read as {title(encoding)}"
            return Spoilt(where=where, wrong=wrong, instead=mended(text))
        lost = known.count(LOST)
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
    instead = suggested(one.instead) if one.where == SUBJECT else one.instead
    told = f"{one.where} holds {one.wrong}"
    return f'{told} (write "{quoted(instead)}")' if instead else told


def _texts(target: MessageTarget) -> Iterator[tuple[str, str]]:
    yield from texts_of(target)
    if target.message.name and target.message.name.value:
        yield "the name", target.message.name.value


SPACE = 1
"""Between the text and the link that the provider adds."""

CAUSES_NAMED = 5
"""Characters outside GSM that a message names."""


class Segments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units one SMS holds, alone and as one of several, and the units the provider's link takes."""

    gsm_single: int
    gsm_part: int
    ucs2_single: int
    ucs2_part: int
    link_reserve: int


def one_sms(target: RequestTarget, params: Segments) -> Result:
    """The fallback text fits one SMS with room for a space and the link."""
    stored = target.message.field("fallback-sms-text")
    text = target.request.fallback_sms_text or (stored.text if stored else None)
    if text is None or is_blank(text):
        return inapplicable("there is no fallback text")
    encoded, why = sms.encode(merge_tags.certain(text)), merge_tags.unknown(text)
    single, more = _single(encoded, params), SPACE + params.link_reserve
    number = _parts(encoded, params)
    evidence = {
        "alphabet": encoded.alphabet,
        "units": encoded.units,
        "reserved": more,
        "single": single,
        "messages": number,
        "outside": [f"{code_point(char)} {name_of(char)}" for char in encoded.outside],
    }
    if number > 1:
        return failed(evidence, **_wording(encoded, single, more, number, at_least=bool(why)))
    return cant_tell(why, Because.TAGS, **evidence) if why else passed(**evidence)


def segments(text: str, params: Segments) -> int:
    """How many SMS a fallback text takes, with a space and the link that the provider adds."""
    return _parts(sms.encode(text), params)


def _parts(encoded: sms.Encoded, params: Segments) -> int:
    part = params.ucs2_part if encoded.outside else params.gsm_part
    return sms.parts(encoded, SPACE + params.link_reserve, _single(encoded, params), part)


def _single(encoded: sms.Encoded, params: Segments) -> int:
    return params.ucs2_single if encoded.outside else params.gsm_single


def _wording(encoded: sms.Encoded, single: int, more: int, number: int, *, at_least: bool) -> dict[str, str]:
    causes = [_cause(char) for char in encoded.outside]
    holds = f"One SMS holds {single} characters"
    if causes:
        holds = f"One SMS holds only {single} characters because of {listed(causes, ', ', CAUSES_NAMED)}"
    return {
        "length": f"{'at least ' if at_least else ''}{encoded.units}",
        "room": str(max(single - more, 0)),
        "holds": holds,
        "messages": count(number, "SMS", "SMS"),
    }


def _cause(char: str) -> str:
    described = f"{code_point(char)} {name_of(char)}"
    return f"{char} ({described})" if char.isprintable() else described


CHECKS: tuple[Check, ...] = (
    Check(name="no-html-entities", target=TargetKind.MESSAGE, run=no_entities, reports=frozenset({"found"})),
    Check(name="decoded-right", target=TargetKind.MESSAGE, run=decoded_right, reports=frozenset({"found"})),
    Check(
        name="fallback-one-sms",
        target=TargetKind.REQUEST,
        run=one_sms,
        params=Segments,
        reports=frozenset({"length", "room", "holds", "messages"}),
    ),
)
"""Every check of the family."""
