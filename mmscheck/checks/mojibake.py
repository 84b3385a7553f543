"""Texts that were spoilt on the way to the document: UTF-8 read as another encoding, or escaped for HTML.

Both reach phones letter by letter: ``cafÃ©`` for ``café``, ``Tom &amp; Jerry`` for ``Tom & Jerry``.
"""

from __future__ import annotations

import html
import html.entities
import re

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
    found = (match.group() for match in _ENTITY.finditer(text))
    return tuple(one for one in found if one[1] == "#" or one[1:] in html.entities.html5)


def unescaped(text: str) -> str:
    """The text with its character references put in, also those that were escaped again."""
    for _ in range(_ROUNDS):
        text = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
    return text


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
