"""Take one known secret, such as the API key, out of a text however the text repeats it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from html.entities import html5

import msgspec

SHORTEST_LOOSE = 8
"""Characters: anything shorter is looked for as it is alone; its other spellings would be ordinary words."""

_DEPTH = 4
"""How many times over an escape may be escaped."""

_ESCAPE = re.compile(
    r"%(?P<url>[0-9A-Fa-f]{2})"
    r"|\\u(?P<json>[0-9A-Fa-f]{4})|\\x(?P<byte>[0-9A-Fa-f]{2})|\\(?P<plain>[!-/:-@\[-`{-~])"
    r"|&#[xX](?P<hex>[0-9A-Fa-f]{1,6});|&#(?P<number>[0-9]{1,7});|&(?P<name>[A-Za-z]{2,8};)"
)
_SIGNS = frozenset("%\\&")
_OTHER_BASE64 = str.maketrans("-_", "+/")


class KnownSecret:
    """Knows how one secret may be written: coded, escaped, in another case, with white space in it."""

    def __init__(self, secret: str) -> None:
        """``secret`` is taken as it is; an empty one is in no text."""
        self._secret = secret
        self._loose = len(secret) >= SHORTEST_LOOSE
        self._plain = _squeezed(secret).lower()
        raw = secret.encode()
        self._coded = tuple(_core(raw, before).lower() for before in range(3)) if self._loose else ()
        self._hex = raw.hex()

    def hidden(self, text: str, mark: str) -> str:
        """The text with ``mark`` in the place of every spelling of the secret."""
        if not self._secret:
            return text
        text = text.replace(self._secret, mark)
        if not self._loose or not (_SIGNS.intersection(text) or self._is_in(_squeezed(text).lower())):
            return text
        letters = _letters(text)
        found = list(self._spans("".join(letter.char for letter in letters)))
        for start, end in sorted(_joined(found), reverse=True):
            text = text[: letters[start].start] + mark + text[letters[end - 1].end :]
        return text

    def _is_in(self, squeezed: str) -> bool:
        return any(True for _ in self._spans(squeezed))

    def _spans(self, squeezed: str) -> Iterator[tuple[int, int]]:
        for needle in (self._plain, self._hex):
            yield from _places(needle, squeezed)
        coded = squeezed.translate(_OTHER_BASE64)
        for needle in self._coded:
            yield from _places(needle, coded)
        # What was cut by whoever repeated it.
        if not self._loose or self._plain[:SHORTEST_LOOSE] not in squeezed[-len(self._plain) :]:
            return
        for length in range(min(len(self._plain), len(squeezed)), SHORTEST_LOOSE - 1, -1):
            if squeezed.endswith(self._plain[:length]):
                yield len(squeezed) - length, len(squeezed)
                break


class _Letter(msgspec.Struct, frozen=True):
    """A character in lower case, and the slice of the text that stands for it."""

    char: str
    start: int
    end: int


def _letters(text: str) -> list[_Letter]:
    """The text without white space and with every escape resolved, as often as it was escaped."""
    letters = [_Letter(char, at, at + 1) for at, char in enumerate(text)]
    for _ in range(_DEPTH):
        letters = [letter for letter in letters if _is_kept(letter.char)]
        resolved = _resolved(letters)
        if len(resolved) == len(letters):
            break
        letters = resolved
    return [
        _Letter(letter.char.lower(), letter.start, letter.end) for letter in letters if _is_kept(letter.char)
    ]


def _resolved(letters: list[_Letter]) -> list[_Letter]:
    told, done = list[_Letter](), 0
    for found in _ESCAPE.finditer("".join(letter.char for letter in letters)):
        char = _meant(found)
        if len(char) == 1:
            told += letters[done : found.start()]
            told.append(_Letter(char, letters[found.start()].start, letters[found.end() - 1].end))
            done = found.end()
    return told + letters[done:]


def _meant(found: re.Match[str]) -> str:
    """The character that an escape stands for; empty where it stands for none."""
    kind = found.lastgroup or ""
    value = found[kind]
    if kind == "plain":
        return value
    if kind == "name":
        return html5.get(value, "")
    code = int(value, 10 if kind == "number" else 16)
    return chr(code) if code <= 0x7F else ""  # noqa: PLR2004 - a key is ASCII


def _core(raw: bytes, before: int) -> str:
    """What base64 always makes of these bytes behind so many others, whatever those and the next are."""
    coded = b64encode(b"\0" * before + raw).decode()
    whole = coded.rstrip("=")
    end = len(whole) - (1 if len(whole) < len(coded) else 0)
    return whole[(0, 2, 3)[before] : end]


def _is_kept(char: str) -> bool:
    return char.isprintable() and not char.isspace()


def _squeezed(text: str) -> str:
    text = "".join(text.split())
    return text if text.isprintable() else "".join(filter(_is_kept, text))


def _places(needle: str, text: str) -> Iterator[tuple[int, int]]:
    at = text.find(needle) if needle else -1
    while at >= 0:
        yield at, at + len(needle)
        at = text.find(needle, at + len(needle))


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
