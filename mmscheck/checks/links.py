"""Links in texts: how they are written, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from mmscheck.base.url import take_apart
from mmscheck.checks.marks import Span, texts_of
from mmscheck.checks.url import bad_host
from mmscheck.checks.wording import Look, judged
from mmscheck.model.check import Check, MessageTarget, NoParams, Result, inapplicable
from mmscheck.model.effective import TAG, slide_template, subject_template
from mmscheck.model.mms import Mms
from mmscheck.model.request import Changes
from mmscheck.model.vocabulary import ListKind, is_below
from mmscheck.model.words import TargetKind

FILLED = "\ufffc"
"""Stands for a merge tag, so that a link that holds one can be told."""

_ENDINGS = "com|net|org|info|biz|io|co|me|ly|shop|store|app|us|ca|uk|au|nz|ie|de|at|ch|fr|be|nl|es|mx|it|eu"
"""Ends of names by which a bare name is taken for a link; a name with a path is one by any."""

_LABELS = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
_LINK = re.compile(
    r"(?P<full>\bhttps?:/{1,3}[^\s<>\"»«“”]*+)"
    rf"|(?<![\w@./:-])(?P<bare>(?:www\.{_LABELS}[a-z]{{2,24}}|{_LABELS}[a-z]{{2,24}}(?=/[^\s])"
    rf"|{_LABELS}(?:{_ENDINGS}))(?![\w@-])(?:[/?#][^\s<>\"»«“”]*+)?)",
    re.IGNORECASE,
)
_BEHIND = ".,;:!?'\u2019\"\u201d»…*_~"
"""What ends a sentence and no link, as phones take it."""

_PAIRS = {")": "(", "]": "[", "}": "{"}


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link of a text: its place, as it is written, and the URL that a phone asks for."""

    start: int
    end: int
    written: str

    @property
    def url(self) -> str:
        """The URL; a phone takes http where no scheme is written."""
        return self.written if self.has_scheme else f"http://{self.written}"

    @property
    def has_scheme(self) -> bool:
        """Whether it says http or https by itself."""
        return re.match("https?:", self.written, re.IGNORECASE) is not None

    @property
    def host(self) -> str:
        """The host in small letters, without a dot at its end; empty where there is none."""
        return (take_apart(self.url).host or "").lower().removesuffix(".")

    @property
    def is_filled(self) -> bool:
        """Whether merge data makes a part of it."""
        return FILLED in self.written


@lru_cache(maxsize=256)
def links(text: str) -> tuple[Link, ...]:
    """Every link of a text, as phones find them; merge tags that are left count as parts of one."""
    return tuple(_links(text)) if "." in text or ":/" in text else ()


def _links(text: str) -> Iterator[Link]:
    known = TAG.sub(lambda tag: FILLED * len(tag.group()), text)
    for match in _LINK.finditer(known):
        written = _ended(match.group())
        # A name in capitals within a sentence, as in ASP.NET, is no link; a whole address in capitals is.
        if match["bare"] and "/" not in written and written != written.lower():
            continue
        yield Link(start=match.start(), end=match.start() + len(written), written=written)


def _ended(written: str) -> str:
    """The link without what stands behind it: full stops, and brackets that it does not open itself."""
    while written:
        last = written[-1]
        opened = _PAIRS.get(last)
        if last in _BEHIND or (opened and written.count(opened) < written.count(last)):
            written = written[:-1]
        else:
            break
    return written


MOST_ASKED = 8
"""Links of one message that are asked for (a judgement): no text for a phone has more."""


def asked_links(
    message: Mms, changes: Changes, beside: Iterable[tuple[str, str]], *, custom: bool
) -> tuple[str, ...]:
    """The URLs in the texts of a message that may be asked for: those that are the same for everybody.

    A link that merge data is a part of may opt somebody out, or count as that person's visit. Without
    ``custom`` the stored texts are looked at alone.
    """
    kept = changes if custom else Changes()
    templates = [subject_template(message, kept) or ""]
    templates += [slide_template(slide, kept) for slide in message.slides]
    found = (link for text in (*templates, *(text for _, text in beside)) for link in links(text))
    urls = (link.url for link in found if not (link.is_filled or _fault(link)))
    return tuple(dict.fromkeys(urls))[:MOST_ASKED]


def well_formed(target: MessageTarget, _: NoParams) -> Result:
    """Every link that begins with http has what a link needs."""

    def look(text: str) -> tuple[Span, ...]:
        faults = ((link, _fault(link)) for link in links(text))
        return tuple(Span(start=link.start, end=link.end, what=what) for link, what in faults if what)

    return about_links(target, look)


def _fault(link: Link) -> str:
    if link.is_filled:
        return ""
    parts = take_apart(link.url)
    if parts.authority is None:
        return "there are not two slashes after the scheme"
    return bad_host(parts) or ""


def no_shortener(target: MessageTarget, _: NoParams) -> Result:
    """No link to a host of a public shortener."""
    lists = target.vocabulary.of(ListKind.SHORTENERS)

    def look(text: str) -> tuple[Span, ...]:
        return tuple(
            Span(start=link.start, end=link.end, what=link.host)
            for link in links(text)
            if any(
                link.host.removeprefix("www.") in hosts for each in lists for hosts in each.topics.values()
            )
        )

    return about_links(target, look)


def own(target: MessageTarget, _: NoParams) -> Result:
    """Every link leads to a domain that the configuration calls the sender's own."""
    domains = target.vocabulary.own_domains
    if not domains:
        return inapplicable("no domains are named as the sender's (own-domains, in the configuration)")

    def look(text: str) -> tuple[Span, ...]:
        return tuple(
            Span(start=link.start, end=link.end, what=link.host)
            for link in links(text)
            if not link.is_filled and link.host and not is_below(link.host, domains)
        )

    return about_links(target, look)


def about_links(target: MessageTarget, look: Look) -> Result:
    """What ``look`` finds, where any text has a link."""
    if not any(links(text) for _, text in texts_of(target)):
        return inapplicable("no text has a link")
    return judged(target, look)


CHECKS: tuple[Check, ...] = tuple(
    Check(name=name, target=TargetKind.MESSAGE, run=run, reports=frozenset({"found"}))
    for name, run in (
        ("links-well-formed", well_formed),
        ("no-shortener", no_shortener),
        ("links-own", own),
    )
)
"""Every check of the family."""
