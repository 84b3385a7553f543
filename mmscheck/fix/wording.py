"""The words of a message mended, whatever document they stand in: subject, name, texts and URLs."""

from __future__ import annotations

import email.header
import re
from collections.abc import Mapping
from email.errors import HeaderParseError

from mmscheck.base.text import quoted as shown
from mmscheck.checks.characters import is_plain, suggested
from mmscheck.checks.subject import CONTROL, ENCODED_WORD
from mmscheck.checks.texts import mended as unmixed
from mmscheck.checks.texts import unescaped
from mmscheck.slidexml.names import NAME, SUBJECT, TEXT, URL


def renewed(key: str, value: str, urls: Mapping[str, str], done: list[str]) -> str:
    """The value as it should be, by what it is: ``SUBJECT``, ``NAME``, ``TEXT`` or ``URL``."""
    if key == URL:
        return _url(value, urls, done)
    if key == SUBJECT:
        return _subject(value, done)
    new = unmixed(value)
    if new != value:
        done.append(f"{_what(key)} read in its own encoding again: {shown(new)}")
    if key == TEXT and (once := unescaped(new)) != new:
        done.append(f"a text that was escaped for HTML unescaped: {shown(once)}")
        new = once
    return new


def _what(key: str) -> str:
    return "the name" if key == NAME else "a text"


def _subject(value: str, done: list[str]) -> str:
    new = unescaped(unmixed(_decoded(value) if ENCODED_WORD.search(value) else value))
    if CONTROL.search(new):
        new = " ".join(CONTROL.sub(" ", new).split())
    if not is_plain(new):
        new = suggested(new)
    if new != value and new:
        done.append(f"the subject in plain ASCII: {shown(new)}")
        return new
    return value


def _decoded(value: str) -> str:
    try:
        return str(email.header.make_header(email.header.decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeDecodeError, ValueError):
        return value


def _url(value: str, urls: Mapping[str, str], done: list[str]) -> str:
    if value in urls:
        done.append(f"the URL of a mended file: {shown(urls[value].rpartition('/')[2])}")
        return urls[value]
    # White space around it is no part of it (RFC 3986, appendix C); one within has to be written as %20.
    new = re.sub(r"[ \t]", "%20", re.sub(r"[\r\n]+[ \t]*", "", value.strip()))
    if new != value:
        done.append("white space in a URL mended")
    return urls.get(new, new)
